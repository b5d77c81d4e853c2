"""Which fitted sets answer for a collective of a stack on a chip."""

from __future__ import annotations

import re
from typing import Final

from interlock.cost.calibrated.basis import Basis
from interlock.cost.calibrated.collective_sets import LIBRARIES, SetKey, is_measured, library_of
from interlock.cost.calibrated.collective_store import Collectives
from interlock.cost.calibrated.selection import stack_family
from interlock.errors import UnsupportedError

_SPELLINGS: Final = {"trt-llm": "trtllm", "tensorrt-llm": "trtllm"}
_LIBRARY_STACKS: Final = {name.lower() for name in LIBRARIES}


def chosen_sets(
    found: Collectives, chip: str, stack: str | None, operation: str, kernel: str | None
) -> tuple[SetKey | None, SetKey | None, Basis]:
    """The set, and the library's beside it where an engine's own kernel may give way to that; none if unmeasured.

    Raises:
        UnsupportedError: a kernel that was never measured.
    """
    _check(found, operation, kernel)
    named = None if stack is None else _spelt(stack)
    here = [key for key in found.sets if key[0] == chip and key[2] == operation]
    library = _newest([key for key in here if key[3] in LIBRARIES and stack_family(key[1]) in _LIBRARY_STACKS])
    copy = next((key for key in found.copies if (key[0], key[1], key[2]) == (chip, named, operation)), None)
    if kernel is not None:
        here = [key for key in here if key[3] == kernel]
        copy = copy if copy is not None and copy[3] == kernel else None
    elif named is not None and stack_family(named) not in _LIBRARY_STACKS:
        here = [key for key in here if key[3] not in LIBRARIES] or here
    else:
        here = [key for key in here if key[3] in LIBRARIES]
    if not here:
        return None, None, Basis.OTHER_CHIP
    if copy is not None:
        chosen, basis = found.copies[copy], Basis.OWN
    else:
        chosen, basis = _of_stack(here, named, library)
    own = library_of(chosen[3]) not in LIBRARIES
    return chosen, library if own and library != chosen else None, basis


def unseen_sets(found: Collectives, stack: str | None, operation: str, kernel: str | None) -> list[tuple[str, str]]:
    """Operations and kernels to average over on a chip that was not measured: the stack's, or else the library."""
    known = [key for key in found.unseen if key[0] == operation]
    if kernel is not None:
        return [key for key in known if key[1] == kernel]
    family = None if stack is None else stack_family(_spelt(stack))
    mine = {key[3] for key in found.sets if key[2] == operation and stack_family(key[1]) == family}
    own = [key for key in known if key[1] in mine and library_of(key[1]) not in LIBRARIES]
    return own or [key for key in known if key[1] == "NCCL"]


def is_known(found: Collectives, stack: str | None) -> bool:
    """Whether the library or engine was measured, in any version, on any chip."""
    return stack is None or any(stack_family(key[1]) == stack_family(_spelt(stack)) for key in found.sets)


def _of_stack(here: list[SetKey], stack: str | None, library: SetKey | None) -> tuple[SetKey, Basis]:
    if stack is None:
        return library if library in here and library is not None else _latest(here), Basis.OWN
    exact = [key for key in here if key[1] == stack]
    if exact:
        return _latest(exact), Basis.OWN
    family = [key for key in here if stack_family(key[1]) == stack_family(stack)]
    if family:
        return _latest(family), Basis.OWN if stack == stack_family(stack) else Basis.OTHER_STACK
    return library if library is not None else _latest(here), Basis.OTHER_STACK


def _check(found: Collectives, operation: str, kernel: str | None) -> None:
    known = [key for key in found.unseen if key[0] == operation]
    if not known:
        raise UnsupportedError(f"no calibration for {operation}")
    if kernel is not None and (not is_measured(kernel) or (operation, kernel) not in known):
        raise UnsupportedError(f"no calibration for {operation} by {kernel}")


def _spelt(stack: str) -> str:
    lower = stack.lower()
    family = stack_family(lower)
    return lower.replace(family, _SPELLINGS.get(family, family), 1)


def _latest(keys: list[SetKey]) -> SetKey:
    newest = _newest(keys)
    assert newest is not None  # there are some
    return newest


def _newest(keys: list[SetKey]) -> SetKey | None:
    """The highest version; of several kernels the one with the shortest name, which needs nothing special."""
    return max(keys, key=lambda key: (_version(key[1]), -len(key[3])), default=None)


def _version(stack: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", stack))
