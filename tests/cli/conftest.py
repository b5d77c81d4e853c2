"""Running commands in this process, on a terminal of 80 columns and in a folder of the test's own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from interlock.catalogue import DATA
from interlock.cli import main


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def invoke(*arguments: str) -> Result:
    """Run a command; an exception other than SystemExit is a traceback that a user would see."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            main(arguments)
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture
def run() -> Callable[..., Result]:
    return invoke


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("INTERLOCK_PATH", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def llama() -> dict[str, Any]:
    """A complete config, to be spoiled."""
    return json.loads((DATA / "models" / "llama-3.1-8b.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def mixtral() -> dict[str, Any]:
    return json.loads((DATA / "models" / "mixtral-8x7b.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def h100() -> str:
    """A complete chip, to be spoiled."""
    return (DATA / "chips" / "h100-sxm.toml").read_text(encoding="utf-8")
