"""Which source a measurement stands on: a hash of the files that apply a technique and measure the result.

idea: the files that a module imports inside the rooms of algorithms, followed to the end. A change in any of them makes
      old evidence old; a change elsewhere (a new technique, a report) does not.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import interlock

_ROOT: Final = Path(interlock.__file__).parent
_ROOMS: Final = ("interlock.techniques.", "interlock.surgery.", "interlock.numerics.", "interlock.lab.metrics.")


def code_version(*modules: str) -> str:
    """A hash of the named modules and of all they import from the rooms of algorithms."""
    files: set[Path] = set()
    for module in modules:
        files |= _reached(module)
    told = hashlib.sha256()
    for path in sorted(files):
        told.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()[:16]


@cache
def _reached(module: str) -> frozenset[Path]:
    waiting, seen = [module], {module}
    files: set[Path] = set()
    while waiting:
        path = _file(waiting.pop())
        if path is None:
            continue
        files.add(path)
        for name in _imports(path):
            if name not in seen and f"{name}.".startswith(_ROOMS):
                seen.add(name)
                waiting.append(name)
    return frozenset(files)


def _imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def _file(module: str) -> Path | None:
    """The source of a module; None for a name that is something inside one."""
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(found.origin) if found and found.origin else None
