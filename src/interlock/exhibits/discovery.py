"""Finding exhibits: every module of `rows/`, its name the system's id with underscores. There is no list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache

from interlock.errors import InputError, MissingExtraError
from interlock.exhibits import rows
from interlock.exhibits.base import Exhibit, Reproduction
from interlock.lab.extras import require_lab, require_offload


@cache
def exhibit_ids() -> tuple[str, ...]:
    """The systems that have an exhibit, sorted."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(rows.__path__)))


def exhibit(system: str) -> Exhibit | None:
    """The exhibit of a system by its id; None where there is none yet."""
    if system not in exhibit_ids():
        return None
    module = importlib.import_module(f"{rows.__name__}.{system.replace('-', '_')}")
    return Exhibit(
        id=system,
        claim=module.CLAIM,
        run=module.run,
        missing=getattr(module, "MISSING", ""),
        needs=getattr(module, "NEEDS", ""),
    )


def exhibits() -> Iterator[Exhibit]:
    """Every exhibit, sorted by id."""
    for system in exhibit_ids():
        found = exhibit(system)
        assert found is not None
        yield found


def run(system: str) -> tuple[Exhibit, Reproduction]:
    """Run one exhibit.

    Raises:
        InputError: the system has no exhibit; unknown ids are refused by `systems.system`.
        MissingExtraError: it needs packages that are not installed.
    """
    found = exhibit(system)
    if found is None:
        raise InputError("system", repr(system), f"one of the {len(exhibit_ids())} systems that have an exhibit")
    if found.needs:
        require = require_offload if found.needs == "offload" else require_lab
        require(f"the exhibit of {system}")
    return found, found.run()


def run_all(progress: Callable[[int, int, str], None] | None = None) -> Iterator[tuple[Exhibit, Reproduction]]:
    """Run every exhibit in order of id, one at a time; those whose packages are not installed are left out.

    Args:
        progress: called before each run with how many are done, how many there are, and the id that comes next.
    """
    names = exhibit_ids()
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names), name)
        try:
            found = run(name)
        except MissingExtraError:
            continue
        yield found
