"""Which weights a model has: a hash of a folder, and where the weights of a described model lie, if they are here.

keeps: two folders with the same hash hold the same weights, config and tokenizer. A name says nothing of weights: a
       folder of the same name may hold another model.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from interlock.catalogue import DATA, cache_folder, entries
from interlock.models.model import Model

_ENDS: Final = ("tokenizer.json", "config.json")
_CHUNK: Final = 2**22


def fingerprint(folder: Path) -> str:
    """A hash of every byte of weights, config and tokenizer."""
    told = hashlib.sha256()
    files = [*sorted(folder.glob("*.safetensors")), *(folder / name for name in _ENDS)]
    for file in files:
        told.update(f"{file.name}:{file.stat().st_size}:".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                told.update(chunk)
    return told.hexdigest()[:16]


def weights_folder(model: Model) -> Path | None:
    """The folder with a model's weights: the user's own, or that of the lab's model of a shipped name; None of none."""
    if model.origin:
        return _whole(Path(model.origin))
    if not is_shipped(model):
        return None
    return _whole(cache_folder() / "models" / model.name)


def is_shipped(model: Model) -> bool:
    """Whether a model is the shipped entry of its name, not a user's own file of the same name."""
    path = entries("model", ".json").get(model.name)
    return not model.origin and path is not None and path.is_relative_to(DATA)


def _whole(folder: Path) -> Path | None:
    try:
        there = any(folder.glob("*.safetensors")) and all((folder / name).is_file() for name in _ENDS)
    except OSError:
        return None
    return folder if there else None
