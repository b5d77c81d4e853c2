"""Seconds of a collective inside one node: the soft minimum of four protocols with fitted latencies and link shares.

idea:    a library switches between protocols as messages grow: some start at once and waste the link, others start
         late and fill it; engines add one in which every chip reads all others' whole messages at once. Each costs
         (start + step (n - 1)) U + share x bytes / bandwidth x (n / 2) ** crowding; the fastest is taken, softly.
symbols: n chips, V bytes of the whole tensor, U = 4,000 clock cycles, the unit of all times here.
keeps:   no time falls when the message grows or the link shrinks. One formula for NumPy and, while fitting, torch.
source:  Thakur, Rabenseifner, Gropp 2005 (alpha-beta costs); Hu et al. 2025, Demystifying NCCL (Simple, LL, LL128).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np

from interlock.errors import UnsupportedError
from interlock.hardware import Chip
from interlock.operators import Communication

UNIT_CYCLES: Final = 4000.0
CROWDING: Final = "crowding"
PROTOCOLS: Final = ("low-latency", "middle", "bulk", "one-shot")
STARTS: Final[dict[str, float]] = {  # where a fit of the parameters starts
    "low-latency start": 2.7,
    "low-latency step": 1.0,
    "low-latency share": 4.5,
    "middle start": 4.5,
    "middle step": 1.35,
    "middle share": 1.8,
    "bulk start": 7.4,
    "bulk step": 2.2,
    "bulk share": 1.16,
    "one-shot start": 2.0,
    "one-shot step": 0.6,
    "one-shot share": 1.65,
    CROWDING: 0.0,
}
_SHARPNESS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """What a collective's time depends on: rated bandwidth of one direction, the time of 4,000 cycles."""

    bandwidth_bytes_per_s: float
    unit_s: float


def link_facts(chip: Chip) -> LinkFacts:
    """The facts of one chip.

    Raises:
        UnsupportedError: the catalogue lacks one of them, or its chips are not joined by a switch.
    """
    link, engine = chip.links.get("scale_up"), chip.engines.get("matrix")
    if link is None or link.topology != "switch" or not link.bandwidth:
        raise UnsupportedError(f"{chip.id}: only collectives through a switch were measured")
    if engine is None or not engine.clock:
        raise UnsupportedError(f"{chip.id}: a calibrated time needs clock_hz")
    return LinkFacts(bandwidth_bytes_per_s=float(link.bandwidth), unit_s=UNIT_CYCLES / float(engine.clock))


def buffer_bytes(operation: str, message: Any, group: Any) -> Any:
    """One chip's buffer: the whole tensor, or its part of an all-to-all."""
    return message / group if operation == Communication.ALL_TO_ALL else message


def collective_terms(operation: str, message: Any, group: Any, link: LinkFacts) -> tuple[Any, Any]:
    """Bytes that a chip sends in steps, and all at once in one shot, over the bandwidth; in U."""
    buffer = buffer_bytes(operation, message, group) / (link.bandwidth_bytes_per_s * link.unit_s)
    passes = 2.0 if operation == Communication.ALL_REDUCE else 1.0
    return buffer * passes * (group - 1.0) / group, buffer * (group - 1.0)


def collective_units(stepwise: Any, at_once: Any, group: Any, p: Mapping[str, Any], xp: Any = np) -> Any:
    """Time in U; `xp` is the array module that holds terms and parameters."""
    crowd = (group / 2.0) ** p[CROWDING]
    times = [
        p[f"{name} start"] + p[f"{name} step"] * (group - 1.0) + work * crowd * p[f"{name} share"]
        for name, work in zip(PROTOCOLS, (stepwise, stepwise, stepwise, at_once), strict=True)
    ]
    least = reduce(xp.minimum, times)
    total = sum((least / time) ** _SHARPNESS for time in times)
    return least * total ** (-1.0 / _SHARPNESS)


def collective_floor(operation: str, message: Any, group: Any, link: LinkFacts) -> Any:
    """Seconds in which the rated link brings a chip what it lacks; sums may be made in the switch."""
    received = buffer_bytes(operation, message, group) * (group - 1.0) / group
    return received / link.bandwidth_bytes_per_s
