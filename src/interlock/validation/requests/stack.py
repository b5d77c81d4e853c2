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
    """A serving stack: times of its own, the share of the chip's rates that its kernels reach, memory it keeps.

    `logit_s` is for every logit of a sequence in a step: engines sample with a few slow passes over the vocabulary.
    `first_s` is its own before a first token; `burst_ratio` the share of the requests in flight whose prompts come
    together with another's: 0 where they are spread evenly over time, 1 where equal requests keep in step. `chips` are
    those whose runs it was fitted to.
    """

    step_s: float = 0.0
    sequence_s: float = 0.0
    logit_s: float = 0.0
    collective_s: float = 0.0
    pace_ratio: float = 1.0
    reserve_bytes: float = 0.0
    first_s: float = 0.0
    burst_ratio: float = 0.0
    chips: tuple[str, ...] = ()
    source: Source

    def seconds(self, chip_s: Array, steps: Array, sequences: Array, collectives: Array, vocabulary: Array) -> Array:
        """Wall time of work that takes the chips `chip_s` in so many steps, sequences in steps, and collectives."""
        own = steps * self.step_s + collectives * self.collective_s
        return chip_s / self.pace_ratio + own + sequences * (self.sequence_s + vocabulary * self.logit_s)


Stacks = Mapping[str, Stack]


def stacks(file: str = "stacks") -> dict[str, Stack]:
    """The stacks of `data/cost/stacks.toml`, before any fit; or of `stacks_fitted`, with what is fitted replaced."""
    data = table(file)
    return {name: _stack(name, data) for name in data if name not in {"sources", "default", "fit"}}


def fitted_sets() -> tuple[str, ...]:
    """The sets that the shipped fit drew rows from."""
    return tuple(table("stacks_fitted")["fit"]["sets"])


def _stack(name: str, data: Mapping[str, Any]) -> Stack:
    entry, source = data["default"] | data[name], data["sources"][name]
    return Stack(
        step_s=parse(entry["step"], "s"),
        sequence_s=parse(entry["sequence"], "s"),
        logit_s=parse(entry["logit"], "s"),
        collective_s=parse(entry["collective"], "s"),
        pace_ratio=float(entry["pace"]),
        reserve_bytes=parse(entry["reserve"], "bytes"),
        first_s=parse(entry["first"], "s"),
        burst_ratio=float(entry["burst"]),
        chips=tuple(entry.get("chips", ())),
        source=Source(kind=Evidence(source["kind"]), ref=source["ref"]),
    )
