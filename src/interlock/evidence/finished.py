"""What was worked out before: one file a result, found by a key of everything that the result depends on.

idea:  a long piece of work is many results; each is on the disk before it counts as done, so that whoever asks
       again, after a kill at any moment, goes on with what is missing.
keeps: a file is written whole or not at all; one that cannot be read counts as not there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from interlock.atomic import replacing_file
from interlock.errors import InputError
from interlock.files import check, read_json

T = TypeVar("T")


def key_of(subject: Mapping[str, Any]) -> str:
    """The name of a result: a hash of what it is of."""
    return hashlib.sha256(json.dumps(subject, sort_keys=True).encode()).hexdigest()[:24]


def path_of(folder: Path, key: str) -> Path:
    """The file of a result."""
    return folder / f"{key}.json"


def read(path: Path, reader: TypeAdapter[T]) -> T | None:
    """The result in a file; None where there is none that can be read."""
    try:
        return check(reader, read_json(path), str(path))
    except InputError:
        return None


def write(folder: Path, key: str, told: Any) -> Path:
    """Put a result under its key; it is on the disk when this returns.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    path = path_of(folder, key)
    with replacing_file(path) as part:
        part.write_text(json.dumps(told, allow_nan=True, indent=1), encoding="utf-8")
    return path
