"""Finding sets of measurements: the folders of other projects' data that a user has, read where they lie."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from interlock.errors import InputError, UnknownNameError
from interlock.evidence import sets
from interlock.evidence.measurement import Measurements


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a set is and where to get it."""

    title: str
    origin: str
    licence: str


def set_names() -> list[str]:
    """The sets that can be read."""
    return sorted(module.name for module in pkgutil.iter_modules(sets.__path__))


def about(name: str) -> About:
    """What a set is."""
    found: About = importlib.import_module(f"{sets.__name__}.{name}").ABOUT
    return found


def data_folder(given: str | None = None) -> Path:
    """The folder that holds the sets: `--data`, or the environment variable INTERLOCK_DATA.

    Raises:
        InputError: neither is given, or it is not a folder.
    """
    text = given or os.environ.get("INTERLOCK_DATA", "")
    if not text:
        raise InputError("--data", "nothing", "a folder of measurement sets, here or in INTERLOCK_DATA")
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise InputError("--data", repr(text), "a folder of measurement sets")
    return folder


def read_sets(
    folder: Path, names: Sequence[str] | None = None, progress: Callable[[int, int], None] | None = None
) -> list[Measurements]:
    """All measurements of the named sets, or of every known set that is there.

    Raises:
        InputError: an unknown or absent set, or a file that is not what it must be.
    """
    known = set_names()
    for name in names or []:
        if name not in known:
            raise UnknownNameError("set", name, known, "--sets")
        if not (folder / name).is_dir():
            raise InputError(str(folder / name), "no such folder", f"the set {name}")
    present = list(names) if names else [name for name in known if (folder / name).is_dir()]
    found: list[Measurements] = []
    for done, name in enumerate(present):
        found += importlib.import_module(f"{sets.__name__}.{name}").read(folder / name)
        if progress is not None:
            progress(done + 1, len(present))
    return found
