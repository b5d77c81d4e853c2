"""Seconds and watts of measured rows, chip by chip, and which measurements no chip of that kind could give.

idea:    a row is implausible if it was faster than a roofline by more than `_MARGIN`: than its FLOP at the chip's dense
         peak, than its bytes beyond what the last cache holds at the memory's rated bandwidth (a looped kernel finds
         the rest in the cache), or than the bytes that a collective must send at the links' rated bandwidth.
keeps:   implausible rows are reported, not refused: clocks above the rated one and reductions in the switch exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips, operator_energy, operator_time
from interlock.cost.chips import by_format
from interlock.cost.parameters import Achieved, achieved
from interlock.errors import InputError, UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip, chip
from interlock.operators import Array, Kind, Operator
from interlock.parallel.collectives import sent_bytes
from interlock.validation.operators import (
    attention,
    collective,
    elementwise,
    experts,
    latent_attention,
    matmul,
    scan,
)
from interlock.validation.operators.lowered import Column, Lowered

Lower = Callable[[Measurements, Chips], Iterator[Lowered]]

_FAMILIES: Final[Mapping[str, Lower]] = {
    "gemm": matmul.lower,
    "attention": attention.lower,
    "latent-attention": latent_attention.lower,
    "experts": experts.lower,
    "scan": scan.lower,
    "collective": collective.lower,
    "elementwise": elementwise.lower,
}
_MARGIN: Final = 1.3


def predict(measurements: Measurements) -> Column:
    """Seconds of each row, or watts of rows of power; nan where the chip is not in the catalogue.

    Raises:
        UnsupportedError: a family that is not of operators.
    """
    watts = measurements.family == "power"
    found = np.full(len(measurements), np.nan)
    for rows, part, one in by_chip(measurements):
        chips = Chips.of(one)
        for lowered in lowering(part)(part, chips):
            seconds, joules = _spent(lowered, len(lowered.rows))
            drawn = np.minimum(joules / seconds + chips.static_power, chips.power)  # the board holds its limit
            found[rows[lowered.rows]] = drawn if watts else seconds
    return found


def implausible(measurements: Measurements) -> NDArray[np.bool_]:
    """Which rows were faster than the hardware allows, by the rule above."""
    found = np.zeros(len(measurements), dtype=bool)
    seconds = np.asarray(measurements["seconds"], dtype=float)
    for rows, part, one in by_chip(measurements):
        share = achieved(one)
        for lowered in lowering(part)(part, Chips.of(one)):
            least = np.zeros(len(lowered.rows))
            for operator in lowered.operators:
                least = least + np.nan_to_num(_least(operator, lowered.chips, share))
            places = rows[lowered.rows]
            found[places] = seconds[places] * _MARGIN < least
    return found


def _spent(lowered: Lowered, count: int) -> tuple[Column, Column]:
    seconds, joules = np.zeros(count), np.zeros(count)
    for operator in lowered.operators:
        time = operator_time(operator, lowered.chips)
        seconds = seconds + time.time * operator.count
        joules = joules + operator_energy(operator, time, lowered.chips) * operator.count
    return seconds, joules


def _least(o: Operator, chips: Chips, share: Achieved) -> Array:
    """The shortest time that rated peaks allow."""
    if o.kind in {Kind.COLLECTIVE, Kind.TRANSFER} and o.communication is not None:
        inside = np.asarray(o.group) <= chips.links.domain
        rated = chips.links.bandwidth / share.link
        least: Array = np.where(inside, sent_bytes(o.communication, o.message_bytes, o.group) / rated, 0.0)
        return least
    moved = np.maximum(o.moved_bytes - chips.cache, 0.0) / (chips.bandwidth / share.bandwidth)
    if o.kind not in {Kind.MATMUL, Kind.ATTENTION}:
        return np.asarray(moved)
    return np.maximum(moved, o.flop / (by_format(np.asarray(chips.peak), o.compute) / share.matrix))


def by_chip(measurements: Measurements) -> Iterator[tuple[NDArray[np.intp], Measurements, Chip]]:
    """The rows of each chip that the catalogue knows."""
    names = np.asarray(measurements["chip"])
    for name in np.unique(names):
        try:
            one = chip(str(name))
        except InputError:
            continue
        mask = names == name
        yield np.flatnonzero(mask), measurements.where(mask), one


def lowering(part: Measurements) -> Lower:
    """The lowering of a part's family; a part of power rows says in each row what ran."""
    family = part.family if part.family != "power" else str(part["family"][0])
    if family not in _FAMILIES:
        raise UnsupportedError(f"{part.set_name}: rows of {family} are not operators")
    return _FAMILIES[family]
