"""Where fitted parameters lie: the first of the user's folders that has them, else what is shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from interlock.catalogue import DATA, user_folders
from interlock.errors import InputError
from interlock.files import read_json

FOLDER: Final = "calibrations"


def place_of(name: str) -> tuple[Path, int]:
    """The file of a family, and when it was written: what was read before is told from what lies there now."""
    for folder in user_folders():
        path = folder / FOLDER / name
        try:
            return path.absolute(), path.stat().st_mtime_ns
        except OSError:
            continue
    return DATA / FOLDER / name, 0


def stored(path: Path, schema: int) -> dict[str, Any]:
    """What a fit wrote.

    Raises:
        InputError: not such a file, or of another schema.
    """
    data = read_json(path)
    if data.get("schema") != schema:
        raise InputError(str(path), f"schema {data.get('schema')!r}", f"schema {schema}")
    return data
