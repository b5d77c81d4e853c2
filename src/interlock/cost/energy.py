"""Joules of one operator on one chip: arithmetic, bytes by tier, links. Static power is added per step.

source: Horowitz 2014 and Jouppi et al. 2021 for arithmetic; see `data/cost/energy.toml` for every constant.
"""

from __future__ import annotations

from interlock.cost.chips import Chips, by_format
from interlock.cost.operator_time import OperatorTime
from interlock.cost.parameters import table
from interlock.operators import Array, Kind, Operator
from interlock.parallel.collectives import sent_bytes
from interlock.units import parse


def operator_energy(o: Operator, time: OperatorTime, chips: Chips) -> Array:
    """Dynamic joules of one run on one chip of the group."""
    if o.communication is not None and o.kind in {Kind.COLLECTIVE, Kind.TRANSFER}:
        sent: Array = sent_bytes(o.communication, o.message_bytes, o.group) * chips.link_energy
        return sent
    per_mac = by_format(chips.mac_energy, o.compute)
    cache = parse(table("energy")["bits"]["cache"]["l2"], "J/bit") * 8
    spent: Array = o.flop / 2.0 * per_mac + time.off_chip_bytes * chips.memory_energy + time.cache_bytes * cache
    return spent
