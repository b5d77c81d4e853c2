"""What the serving stack makes of the chips' kernels: which it fuses, how it launches them, and time of its own.

idea:    seconds of a step are linear in a few numbers of a stack: what its kernels take (1 / pace), each launch, each
         step, each sequence in it, each logit of those, each exchange between chips. A step says how much of each it
         has (`Work`), so that the same formula prices a step and is fitted to measured runs.
symbols: w, the weights of a stack by part; seconds = w . work.
departs: kernels of one stack all have one pace, but for those of grouped heads, and all launches add the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.parameters import table
from interlock.evidence import Evidence, Source
from interlock.units import parse

# What a stack's numbers multiply, along the first axis of an array of work: seconds of kernels, of those that attend
# with grouped heads, launches, steps in stages, sequences in steps, logits, collectives.
PARTS: Final = ("kernels", "grouped", "launches", "steps", "sequences", "logits", "collectives")
Work = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A serving stack: what it makes of kernels as they were measured, times of its own, memory it keeps.

    `pace_ratio` is the share of the kernels' rates that its own reach, `grouped_ratio` that of attention where several
    heads share keys and values: kernels that read those once for all of them came late. `launch_s` is for every kernel:
    below 0, at most by `overlap_s`, where kernels start before the last one ended, above where gaps are left.
    `logit_s` is for every logit of a sequence in a step: engines sample with a few slow passes over the vocabulary.
    `host_s` is how long the host takes to launch a kernel where no graph is replayed: a step takes at least that for
    all of its launches. `first_s` is its own before a first token; `burst_ratio` the share of the requests in flight
    whose prompts come together with another's: 0 where they are spread evenly over time, 1 where equal requests keep
    in step. `engine`: whose measured kernels run, the mean of engines if None. `fused`: operators that are part of the
    kernel before them; `reduced_bytes`: up to what message the norms are part of the all-reduce before them. `chips`
    are those whose runs it was fitted to.
    """

    name: str = ""
    note: str = ""
    step_s: float = 0.0
    sequence_s: float = 0.0
    logit_s: float = 0.0
    collective_s: float = 0.0
    launch_s: float = 0.0
    pace_ratio: float = 1.0
    grouped_ratio: float = 1.0
    reserve_bytes: float = 0.0
    first_s: float = 0.0
    burst_ratio: float = 0.0
    host_s: float = 0.0
    overlap_s: float = 0.0
    engine: str | None = None
    fused: tuple[str, ...] = ()
    reduced_bytes: float = 0.0
    chips: tuple[str, ...] = ()
    source: Source

    @property
    def weights(self) -> NDArray[np.float64]:
        """What each part of the work takes, in seconds."""
        own = (self.launch_s, self.step_s, self.sequence_s, self.logit_s, self.collective_s)
        return np.array([1.0 / self.pace_ratio, 1.0 / self.grouped_ratio, *own])

    def seconds(self, work: Work) -> NDArray[np.float64]:
        """Wall time of work with the parts along its first axis."""
        found: NDArray[np.float64] = np.tensordot(self.weights, work, axes=1)
        return found


Stacks = Mapping[str, Stack]


def stacks(file: str = "stacks") -> dict[str, Stack]:
    """The stacks of `data/cost/stacks.toml`, before any fit; with `stacks_fitted`, those that a fit gives."""
    data = table("stacks")
    found = {name: _stack(name, data) for name in data if name not in {"sources", "default", "usual"}}
    if file == "stacks":
        return found
    fitted = table(file)
    return {name: _fitted(found[name], fitted, name) for name in fitted if name not in {"sources", "fit"}}


def served_stacks() -> dict[str, Stack]:
    """Every stack that a deployment may name: as fitted, or else as documents have it."""
    return stacks() | stacks("stacks_fitted")


def usual_stack(category: str) -> Stack:
    """What people run on chips of a category, where they say nothing: bare kernels where there is no such thing."""
    return served_stacks()[table("stacks")["usual"].get(category, "ideal")]


def fitted_sets() -> tuple[str, ...]:
    """The sets that the shipped fit drew rows from."""
    return tuple(table("stacks_fitted")["fit"]["sets"])


def _stack(name: str, data: Mapping[str, Any]) -> Stack:
    entry, source = data["default"] | data[name], data["sources"][name]
    plain = Stack(
        name=name,
        note=entry["note"],
        host_s=parse(entry["host"], "s"),
        overlap_s=parse(entry["overlap"], "s"),
        engine=entry.get("engine"),
        fused=tuple(entry["fused"]),
        reduced_bytes=parse(entry["reduced"], "bytes"),
        source=Source(kind=Evidence(source["kind"]), ref=source["ref"]),
    )
    return _numbered(plain, entry)


def _fitted(before: Stack, data: Mapping[str, Any], name: str) -> Stack:
    entry, source = data[name], data["sources"][name]
    fitted_to = Source(kind=Evidence(source["kind"]), ref=source["ref"])
    return replace(_numbered(before, entry), chips=tuple(entry["chips"]), source=fitted_to)


def _numbered(stack: Stack, entry: Mapping[str, Any]) -> Stack:
    """The stack with the numbers that a fit may find."""
    return replace(
        stack,
        step_s=parse(entry["step"], "s"),
        sequence_s=parse(entry["sequence"], "s"),
        logit_s=parse(entry["logit"], "s"),
        collective_s=parse(entry["collective"], "s"),
        launch_s=parse(entry["launch"], "s"),
        pace_ratio=float(entry["pace"]),
        grouped_ratio=float(entry["grouped"]),
        reserve_bytes=parse(entry["reserve"], "bytes"),
        first_s=parse(entry["first"], "s"),
        burst_ratio=float(entry["burst"]),
    )
