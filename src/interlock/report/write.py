"""Writing a report whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from interlock.errors import InputError


def write(path: str | Path, text: str) -> None:
    """Write a file beside its place, then move it there; pipes and devices are written to directly.

    Raises:
        InputError: the path cannot be written.
    """
    data = text.encode("utf-8", "replace")
    try:
        target = Path(path).expanduser()
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise InputError(str(path), "a folder", "a file to write")
            target.write_bytes(data)
            return
        _replace(target.resolve(), data)
    except (OSError, RuntimeError) as error:  # RuntimeError: `~name` of nobody
        found = getattr(error, "strerror", None) or str(error)
        raise InputError(str(path), found, "a path that can be written") from None


def _replace(target: Path, data: bytes) -> None:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
