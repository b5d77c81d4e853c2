"""Calibrated seconds of collectives: fitted protocols times what is left of them by group and size, with a 90 % band.

idea:    an engine's own all-reduce gives way to the library's above a size, so it never takes longer than that. Groups
         larger than any that was measured cost what the largest one does and what first principles add to it, over
         the chip's own topology. A chip that was not measured has the formula alone, with parameters of all chips.
keeps:   no time is below what the rated link needs to bring a chip the bytes that it lacks; a faster link is never
         slower, since what is left of the formula is taken at the bytes, not at times.
departs: an engine's other collectives are the newest measured library's, whichever the engine ships with.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.basis import Basis, CalibratedTime
from interlock.cost.calibrated.collective_choice import chosen_sets, is_known, unseen_sets
from interlock.cost.calibrated.collective_store import CLASSES, SIZES, Collectives, CollectiveSet, collectives
from interlock.cost.calibrated.collective_terms import (
    LinkFacts,
    buffer_bytes,
    collective_floor,
    collective_terms,
    collective_units,
    link_facts,
)
from interlock.cost.chips import Chips
from interlock.errors import UnsupportedError
from interlock.hardware import Chip
from interlock.operators import Communication
from interlock.parallel import collective_time

BLOCK: Final = 8192  # rows at a time: the working set stays in the cache


def collective_seconds(
    chip: Chip,
    stack: str | None,
    communication: Communication,
    message_bytes: Any,
    group: Any,
    *,
    kernel: str | None = None,
    found: Collectives | None = None,
) -> CalibratedTime:
    """Seconds of a collective over `group` chips of one node, arrays or numbers, with the ends of a 90 % band.

    Args:
        chip: any chip whose neighbours are reached through a switch.
        stack: "nccl 2.27.3", "vllm 0.24.0", a name without a version for its newest; None, the newest library.
        communication: which collective.
        message_bytes: of the whole tensor, before it is cut among the group.
        group: chips that take part.
        kernel: as the measurements name it, where an engine has several.
        found: fitted coefficients; those that are shipped if None.

    Raises:
        UnsupportedError: an operation, kernel or kind of chip without measurements, or one whose facts are missing.
    """
    known = collectives() if found is None else found
    shape = np.broadcast_shapes(np.shape(message_bytes), np.shape(group))
    message, n = (np.asarray(c, dtype=np.float64).ravel() for c in np.broadcast_arrays(message_bytes, group))
    link, name = link_facts(chip), _reference(known, chip)
    own, library, basis = chosen_sets(known, name, stack, communication, kernel)
    if own is None:
        seconds, low, high = _unseen(known, stack, communication, kernel, message, n, link)
    else:
        one, cap = known.sets[own], known.sets[library] if library is not None else None
        largest = one.groups[-1]
        seconds = _capped(one, cap, communication, message, np.minimum(n, largest), link)
        band = np.array(one.band)[np.digitize(buffer_bytes(communication, message, n), CLASSES)]
        low, high = seconds * np.exp(band[:, 0]), seconds * np.exp(band[:, 1])
        if not is_known(known, stack):  # a program that was not measured is as uncertain as a chip
            low = np.minimum(low, seconds * np.exp(known.unseen_band[0]))
            high = np.maximum(high, seconds * np.exp(known.unseen_band[1]))
        beyond = n > largest
        if beyond.any() or chip.id != name or link != known.facts[name]:
            more = _beyond(chip, communication, message, n, largest)
            seconds = seconds + np.where(beyond, more, 0.0)
            low, high = (seconds * np.exp(end) for end in known.unseen_band)
            basis = Basis.OTHER_CHIP
    alone = (n <= 1) | (message <= 0)
    ends = [np.where(alone, 0.0, column).reshape(shape)[()] for column in (seconds, low, high)]
    return CalibratedTime(ends[0], ends[1], ends[2], basis)


def priced(one: CollectiveSet, operation: str, message: Any, group: Any, link: LinkFacts) -> Any:
    """Seconds of one set, in blocks of rows."""
    seconds = np.empty(len(message))
    parameters = {name: np.float32(value) for name, value in one.parameters.items()}
    for start in range(0, len(message), BLOCK):
        v = message[start : start + BLOCK].astype(np.float32)
        n = np.maximum(group[start : start + BLOCK], 2.0).astype(np.float32)
        units = collective_units(*collective_terms(operation, v, n, link), n, parameters)
        left = _left(one, np.log2(np.maximum(buffer_bytes(operation, v, n), 1.0)), n)
        least = collective_floor(operation, v, n, link)
        seconds[start : start + BLOCK] = np.maximum(units * np.float32(link.unit_s) * np.exp(left), least)
    return seconds


def _capped(one: CollectiveSet, cap: CollectiveSet | None, operation: str, v: Any, n: Any, link: LinkFacts) -> Any:
    seconds = priced(one, operation, v, n, link)
    return seconds if cap is None else np.minimum(seconds, priced(cap, operation, v, n, link))


def _left(one: CollectiveSet, log_size: Any, group: Any) -> Any:
    """Between the sizes and groups of the table; its ends stand for what lies beyond."""
    place = np.clip(log_size - np.float32(SIZES[0]), 0.0, len(SIZES) - 1.001)
    at = place.astype(np.int32)
    part = place - at
    if len(one.groups) == 1:
        row = one.left[0]
        return row[at] * (1.0 - part) + row[at + 1] * part
    groups = np.log2(one.groups).astype(np.float32)
    between = np.interp(np.log2(group), groups, np.arange(len(groups))).astype(np.float32)
    lower = np.minimum(between.astype(np.int32), len(groups) - 2)
    share = between - lower
    near = one.left[lower, at] * (1.0 - part) + one.left[lower, at + 1] * part
    far = one.left[lower + 1, at] * (1.0 - part) + one.left[lower + 1, at + 1] * part
    return near * (1.0 - share) + far * share


def _unseen(
    known: Collectives, stack: str | None, operation: str, kernel: str | None, v: Any, n: Any, link: LinkFacts
) -> tuple[Any, Any, Any]:
    """The formula with what all measured chips share; the mean of the logarithms where several kernels may run."""
    logs = []
    for key in unseen_sets(known, stack, operation, kernel):
        units = collective_units(*collective_terms(operation, v, np.maximum(n, 2.0), link), n, known.unseen[key])
        logs.append(np.log(units * link.unit_s))
    seconds = np.maximum(np.exp(np.mean(logs, axis=0)), collective_floor(operation, v, n, link))
    low, high = known.unseen_band
    return seconds, seconds * np.exp(low), seconds * np.exp(high)


def _beyond(chip: Chip, communication: Communication, message: Any, group: Any, largest: float) -> Any:
    """Seconds that first principles add for the chips beyond the largest group that was measured."""
    links = Chips.of(chip).links
    inside = collective_time(communication, message, np.minimum(group, largest), links)
    more = collective_time(communication, message, group, links)
    if np.isinf(np.max(more - inside, initial=0.0)):
        raise UnsupportedError(f"{chip.id}: no link reaches {np.max(group):.0f} chips")
    return np.maximum(more - inside, 0.0)


def _reference(known: Collectives, chip: Chip) -> str:
    """The chip whose coefficients a chip takes: its own, or those of the one it is `like`."""
    if chip.id not in known.facts and chip.like is not None and chip.like in known.facts:
        return chip.like
    return chip.id
