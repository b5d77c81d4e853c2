"""Reading a trace file whatever its format: the reader that knows its beginning."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from interlock.catalogue import own_path
from interlock.errors import InputError
from interlock.workloads import formats
from interlock.workloads.files import head
from interlock.workloads.requests import Requests

OWN = "arrival_s, input_tokens, output_tokens"


def readers() -> dict[str, Any]:
    """Format name to the module that reads it."""
    found = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    return {name.replace("_", "-"): importlib.import_module(f"{formats.__name__}.{name}") for name in found}


def read_trace(path: str | Path, kind: str | None = None) -> Requests:
    """The requests of a file.

    Args:
        path: CSV or JSON, plain or gzipped.
        kind: the format's name; recognized if None.

    Raises:
        InputError: a format that nobody reads, or a file with faults.
    """
    return _reader(own_path(str(path)), kind).read(own_path(str(path)))  # type: ignore[no-any-return]


def recognized(path: str | Path) -> str:
    """The format's title."""
    return str(_reader(own_path(str(path)), None).TITLE)


def _reader(path: Path, kind: str | None) -> Any:
    known = readers()
    if kind is not None:
        if kind not in known:
            raise InputError("--format", repr(kind), f"one of {', '.join(known)}")
        return known[kind]
    start = head(path)
    for reader in known.values():
        if reader.reads(start):
            return reader
    found = start.columns or (start.first if isinstance(start.first, dict) else [type(start.first).__name__])
    raise InputError(str(path), f"columns {_some(found)}", f"a trace of {', '.join(known)} (columns: {OWN})")


def _some(names: Iterable[str]) -> str:
    text = ", ".join(map(str, names))
    return text if len(text) < 100 else text[:97] + "..."
