"""Where the lab keeps what it made or fetched: a cache that may be deleted, beside what the user owns."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from interlock.catalogue import DATA, cache_folder

__all__ = ["SHIPPED", "cache_folder", "corpus_folder"]

SHIPPED: Final = DATA / "lab"  # models and text that come with the package


def corpus_folder() -> Path:
    """The text that `make corpus` fetches."""
    return cache_folder() / "corpus"
