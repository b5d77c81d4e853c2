"""Which sets of coefficients answer for a chip, a stack and a scheme, the closest first."""

from __future__ import annotations

import re

from interlock.cost.calibrated.basis import Basis
from interlock.cost.calibrated.coefficients import Coefficients, Key


def stack_family(stack: str) -> str:
    """ "vllm 0.24.0" is of the family "vllm"."""
    return stack.split(" ")[0].lower()


def chosen(found: Coefficients, chip: str, stack: str | None, scheme: str) -> tuple[list[Key], Basis]:
    """The sets to average over; none for a chip, or a scheme on it, that was not measured.

    The very stack; a stack named without its version: its newest; any other, or None: the newest of each family.
    """
    here = [key for key in found.sets if key[0] == chip and key[2] == scheme]
    if not here:
        return [], Basis.OTHER_CHIP
    newest = {stack_family(key[1]): key for key in sorted(here, key=lambda key: version(key[1]))}
    if stack is not None:
        exact = [key for key in here if key[1] == stack.lower()]
        if exact:
            return exact, Basis.OWN
        if stack.lower() in newest:
            return [newest[stack.lower()]], Basis.OWN
        if stack_family(stack) in newest:
            return [newest[stack_family(stack)]], Basis.OTHER_STACK
    return list(newest.values()), Basis.OTHER_STACK


def unseen(found: Coefficients, stack: str | None, scheme: str) -> list[tuple[str, str]]:
    """The stack families to average over on a chip that was not measured."""
    known = [key for key in found.unseen if key[1] == scheme]
    named = [key for key in known if stack is not None and key[0] == stack_family(stack)]
    return named or known


def version(stack: str) -> tuple[int, ...]:
    """The numbers of a version, to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", stack))
