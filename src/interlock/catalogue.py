"""Catalogues: a folder of data files whose file name is the entry's name.

A user adds entries without touching the package: a file in `./interlock/<kind>s/`, or in `<folder>/<kind>s/` for each
folder of the environment variable INTERLOCK_PATH (separated as PATH is). The user's entry wins over a shipped one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from interlock.errors import UnknownNameError

DATA: Final = Path(__file__).parent / "data"


def user_folders() -> list[Path]:
    """Folders that may hold a user's `chips/`, `nodes/`, `models/` or `workloads/`, strongest first."""
    named = [own_path(part) for part in os.environ.get("INTERLOCK_PATH", "").split(os.pathsep) if part]
    return [*named, Path("interlock")]


def cache_folder() -> Path:
    """What was made or fetched and may be deleted: INTERLOCK_CACHE, or `interlock` in the user's cache folder."""
    named = os.environ.get("INTERLOCK_CACHE")
    if named:
        return own_path(named)
    return own_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "interlock"


def own_path(text: str) -> Path:
    """A path that a user wrote; `~name` of nobody stays as it is, so that it is a path where nothing lies."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_folder(path: Path) -> bool:
    """Whether a folder lies there; no, where the system refuses even the question (a name too long)."""
    try:
        return path.is_dir()
    except OSError:
        return False


def entries(kind: str, suffix: str) -> dict[str, Path]:
    """All entries of a kind ("chip", "model", ...): name to file, the user's first, sorted by name."""
    found: dict[str, Path] = {}
    for folder in [*user_folders(), DATA]:
        directory = folder / f"{kind}s"
        if is_folder(directory):
            for path in directory.glob(f"*{suffix}"):
                found.setdefault(path.name.removesuffix(suffix), path)
    return dict(sorted(found.items()))


def canonical(name: str) -> str:
    """A name as the catalogues spell it: lower case, hyphens for blanks and underscores."""
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def resolve(
    kind: str, name: str, suffix: str, aliases: Callable[[], Mapping[str, str]], where: str | None = None
) -> Path:
    """The file of a named entry.

    Args:
        kind: "chip", "model", ...
        name: a name, an alias, or the path of a file or folder of the user's own.
        suffix: how the entries' files end.
        aliases: alias to name; called only when the name itself is not an entry.
        where: the flag or field that holds the name, for the message.

    Raises:
        UnknownNameError: no such entry; offers the closest names.
    """
    known = entries(kind, suffix)
    key = canonical(name)
    if key in known:
        return known[key]
    others = aliases()
    if key in others:
        return known[others[key]]
    raise UnknownNameError(kind, name, [*known, *others], where)


def looks_like_path(name: str) -> bool:
    """Whether the user means a file or folder rather than a catalogue name."""
    return "/" in name or os.sep in name or name.startswith(".") or name.endswith((".json", ".toml", ".gguf"))
