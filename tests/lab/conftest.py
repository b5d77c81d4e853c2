"""The shipped model and sample, with caches and evidence in folders of the test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from interlock.lab.folders import SHIPPED
from interlock.lab.models.folder import ModelFolder
from interlock.lab.models.named import find_model


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INTERLOCK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_QUALITY", str(tmp_path / "quality"))


@pytest.fixture(scope="session")
def shipped() -> ModelFolder:
    return find_model("interlock-2.8m")


@pytest.fixture(scope="session")
def tokenizer(shipped: ModelFolder) -> Any:
    return shipped.tokenizer()


@pytest.fixture(scope="session")
def model(shipped: ModelFolder) -> Any:
    """To be read, not to be changed."""
    return shipped.load()


@pytest.fixture(scope="session")
def sample() -> str:
    return (SHIPPED / "sample.txt").read_text(encoding="utf-8")
