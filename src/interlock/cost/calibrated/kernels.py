"""Which kernel an engine takes for a shape, and so whose coefficients answer.

idea:    tables say what ran for which class of shapes (`Family.code`); a class that they lack takes the kernel of the
         nearest one. Another chip takes any kernel that a measured chip took for the class.
"""

from __future__ import annotations

from collections.abc import Mapping

from interlock.cost.calibrated.basis import Basis
from interlock.cost.calibrated.coefficients import Coefficients, Key
from interlock.cost.calibrated.form import SORT
from interlock.cost.calibrated.selection import chosen, stack_family, version

Kernels = Mapping[str, tuple[int, ...]]  # classes of shapes by kernel


def scheme_name(formats: str, kernel: str) -> str:
    """Formats and kernel as the keys of coefficients spell them."""
    return f"{formats} {kernel}"


def kernel_sets(
    found: Coefficients, chip: str, stack: str | None, formats: str, kernel: str, code: int
) -> tuple[list[Key], Basis]:
    """The sets to average over; none for a chip, formats or sort of shape that were not measured.

    The very stack; a stack named without its version: the newest that ran the class; any other, or None: the newest
    of each family. A kernel that is named stands above the rule.
    """
    if kernel:
        keys, basis = chosen(found, chip, stack, scheme_name(formats, kernel))
        if basis is Basis.OWN:
            return keys, basis
    here = {key[1]: one for key, one in found.kernels.items() if key[0] == chip and key[2] == formats}
    near = {name: nearest(one, code) for name, one in here.items()}
    able = {name: one for name, one in near.items() if one[0] < SORT // 2}
    if not able:
        return [], Basis.OTHER_CHIP
    sets = {name: (chip, name, scheme_name(formats, one[1])) for name, one in able.items()}
    newest: dict[str, str] = {}
    for name in sorted(able, key=lambda name: (-able[name][0], version(name))):
        newest[stack_family(name)] = name
    if stack is not None:
        if stack.lower() in sets:
            return [sets[stack.lower()]], Basis.OWN
        if stack_family(stack) in newest:
            named = stack.lower() in newest
            return [sets[newest[stack_family(stack)]]], Basis.OWN if named else Basis.OTHER_STACK
    return [sets[name] for name in newest.values()], Basis.OTHER_STACK


def shared_sets(
    unseen: Mapping[tuple[str, str], Mapping[str, float]],
    kernels: Mapping[Key, Kernels],
    stack: str | None,
    formats: str,
    kernel: str,
    code: int,
) -> list[tuple[str, str]]:
    """Stack family and scheme of the shared parameters to average over, on a chip that was not measured."""
    found: dict[tuple[str, str], int] = {}
    for (_, name, form), one in kernels.items():
        far, used = nearest(one, code)
        if form == formats and far < SORT // 2:
            key = stack_family(name), scheme_name(formats, used)
            found[key] = min(far, found.get(key, far))
    known = {key: far for key, far in found.items() if key in unseen}
    if kernel:
        named = [key for key in unseen if key[1] == scheme_name(formats, kernel)]
        if named:
            return [key for key in named if stack is not None and key[0] == stack_family(stack)] or named
    family = {key: far for key, far in known.items() if stack is not None and key[0] == stack_family(stack)}
    best = family or known
    return [key for key, far in best.items() if far == min(best.values())]


def nearest(kernels: Kernels, code: int) -> tuple[int, str]:
    """How far the nearest class is, and its kernel."""
    return min((min(abs(one - code) for one in codes), name) for name, codes in kernels.items())
