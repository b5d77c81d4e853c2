"""What the serving stack adds: time of its own in every step, and the pace of its kernels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.cost.parameters import table
from interlock.evidence import Evidence, Source
from interlock.operators import Array
from interlock.units import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A serving stack: times of its own, the share of the chip's rates that its kernels reach, memory it keeps."""

    step_s: float = 0.0
    sequence_s: float = 0.0
    collective_s: float = 0.0
    pace_ratio: float = 1.0
    reserve_bytes: float = 0.0
    source: Source

    def seconds(self, chip_s: Array, steps: Array, sequences: Array, collectives: Array) -> Array:
        """Wall time of work that takes the chips `chip_s` in so many steps, sequences in steps, and collectives."""
        own = steps * self.step_s + sequences * self.sequence_s + collectives * self.collective_s
        return chip_s / self.pace_ratio + own


Stacks = Mapping[str, Stack]


def stacks(file: str = "stacks") -> dict[str, Stack]:
    """The stacks of `data/cost/stacks.toml`, before any fit; or of `stacks_fitted`, with what is fitted replaced."""
    data = table(file)
    return {name: _stack(name, data) for name in data if name not in {"sources", "default", "fit"}}


def fitted_table_rows() -> int:
    """How many rows the table had that the shipped fit drew from: in any other copy, its rows cannot be told."""
    return int(table("stacks_fitted")["fit"]["table_rows"])


def _stack(name: str, data: Mapping[str, Any]) -> Stack:
    entry, source = data["default"] | data[name], data["sources"][name]
    return Stack(
        step_s=parse(entry["step"], "s"),
        sequence_s=parse(entry["sequence"], "s"),
        collective_s=parse(entry["collective"], "s"),
        pace_ratio=float(entry["pace"]),
        reserve_bytes=parse(entry["reserve"], "bytes"),
        source=Source(kind=Evidence(source["kind"]), ref=source["ref"]),
    )
