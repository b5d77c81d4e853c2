"""The loop through Numba: the same functions, compiled with everything they call, kept on disk for the next time.

keeps: what is compiled is the source as it stands; the folder on disk is named after it.
"""

from __future__ import annotations

import dis
import hashlib
import importlib
import importlib.util
import os
import tempfile
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]


def available() -> bool:
    """Whether Numba is installed."""
    return importlib.util.find_spec("numba") is not None


@cache
def folder() -> Path:
    """Where compiled code is kept: the user's cache, or a temporary folder where that cannot be written."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    place = home / "interlock" / digest.hexdigest()[:16]
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        place = Path(tempfile.gettempdir()) / f"interlock-{os.getuid()}-{digest.hexdigest()[:16]}"
        place.mkdir(exist_ok=True)
    return place


def kept() -> bool:
    """Whether an earlier run has left compiled code, so that loading it is quick."""
    return next(folder().glob("**/*.nbi"), None) is not None


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A twin of a core function that is compiled at its first call."""
    import numba

    settings: Any = importlib.import_module("numba.core.config")
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(folder())
    try:
        made: Callable[..., Any] = _twin(function, {}, numba.njit)
        return made
    finally:
        settings.CACHE_DIR = before


def _twin(function: Any, made: dict[Any, Any], jit: Any) -> Any:
    """A function whose calls go to twins; `made` holds those that exist already."""
    if function not in made:
        space = dict(function.__globals__)
        calls = {item.argval for item in dis.get_instructions(function) if item.opname == "LOAD_GLOBAL"}
        for name in sorted(calls):
            used = space.get(name)
            if isinstance(used, types.FunctionType) and used.__module__.startswith(_PACKAGE):
                space[name] = _twin(used, made, jit)
        twin = types.FunctionType(function.__code__, space, function.__name__, function.__defaults__)
        twin.__module__, twin.__qualname__ = function.__module__, function.__qualname__
        made[function] = jit(
            twin, cache=True, error_model="numpy", _nrt=False
        )  # nothing is allocated, so nothing is counted
    return made[function]
