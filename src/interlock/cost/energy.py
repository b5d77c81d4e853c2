"""Joules of one operator on one chip: arithmetic, bytes by tier, links. Static power is added per step.

idea:   published joules are of bare arithmetic; bringing operands to it costs more than that again. Chips whose power
        was measured have a factor for it (`data/cost/power_fitted.toml`).
source: Horowitz 2014 and Jouppi et al. 2021 for arithmetic; see `data/cost/energy.toml` for every constant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from interlock.cost.chips import Chips, by_format
from interlock.cost.operator_time import OperatorTime
from interlock.operators import Array, Kind, Operator
from interlock.parallel.collectives import sent_bytes


class EnergyParts(NamedTuple):
    """Dynamic joules of one run on one chip of the group, by what they are spent on."""

    arithmetic: Array
    memory: Array
    cache: Array
    link: Array


def energy_parts(o: Operator, time: OperatorTime, chips: Chips) -> EnergyParts:
    """Dynamic joules of one run, apart."""
    if o.communication is not None and o.kind in {Kind.COLLECTIVE, Kind.TRANSFER}:
        sent: Array = sent_bytes(o.communication, o.message_bytes, o.group) * chips.link_energy
        return EnergyParts(0.0, 0.0, 0.0, sent)
    per_mac = by_format(chips.mac_energy, o.compute)
    return EnergyParts(
        _executed(o, time, chips) / 2.0 * per_mac,
        time.off_chip_bytes * chips.memory_energy,
        time.cache_bytes * chips.cache_energy,
        0.0,
    )


def _executed(o: Operator, time: OperatorTime, chips: Chips) -> Array:
    """FLOP that the matrix unit does: the few query rows of a decoding sequence are filled up to its narrowest side."""
    if o.kind is not Kind.ATTENTION:
        return o.flop
    padded = time.compute * by_format(chips.peak, o.compute) * chips.attention
    return np.where(np.isfinite(padded), np.maximum(padded, o.flop), o.flop)


def operator_energy(o: Operator, time: OperatorTime, chips: Chips) -> Array:
    """Dynamic joules of one run on one chip of the group."""
    parts = energy_parts(o, time, chips)
    spent: Array = parts.arithmetic + parts.memory + parts.cache + parts.link
    return spent


def held_energy(o: Operator, time: OperatorTime, chips: Chips) -> Array:
    """The same, but no more than the board's limit leaves beside its static power; a limit that is unknown is none."""
    spent = operator_energy(o, time, chips)
    room = (chips.power - chips.static_power) * time.time
    return np.where(spent > room, room, spent)[()]
