"""Where the time, bytes and joules of a deployment go, and what would help most.

keeps: the shares of each phase add up to the phase; operators are the ones that were priced, nothing is re-derived.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from interlock.cost import Chips
from interlock.inference.estimate import Estimate
from interlock.inference.request import Request
from interlock.inference.service import serve
from interlock.inference.step_cost import PricedOperator, StepCost
from interlock.models import Formats
from interlock.operators import Array

Phase = Literal["prefill", "decode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One operator in one phase, over all its repeats; `bound` is what limits it."""

    phase: Phase
    block: str
    operator: str
    count: float
    time_s: float
    share: float
    bound: str
    flop: float
    bytes: float
    joules: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One thing made twice as good: the change in seconds for each phase and in tokens a second."""

    name: str
    ttft_s: float
    tpot_s: float
    tokens_per_s: float
    speedup: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The lines of both phases, and levers, the most helpful first."""

    estimate: Estimate
    lines: tuple[Line, ...]
    levers: tuple[Lever, ...]

    def blocks(self, phase: Phase) -> dict[str, float]:
        """Seconds of each block in a phase, the longest first."""
        sums: dict[str, float] = {}
        for line in self.lines:
            if line.phase == phase:
                sums[line.block] = sums.get(line.block, 0.0) + line.time_s
        return dict(sorted(sums.items(), key=lambda item: -item[1]))


def explain_estimate(estimate: Estimate) -> Explanation:
    """The explanation of an estimate."""
    service = estimate.service
    lines = _lines("prefill", service.prefill)
    if service.decode is not None:
        lines += _lines("decode", service.decode)
    levers = sorted(_levers(estimate), key=lambda lever: -lever.speedup)
    return Explanation(estimate=estimate, lines=tuple(lines), levers=tuple(levers))


def _lines(phase: Phase, cost: StepCost) -> list[Line]:
    total = _number(cost.time) or 1.0
    return [_line(phase, item, total) for item in cost.operators if _number(item.total_time) > 0]


def _line(phase: Phase, item: PricedOperator, total: float) -> Line:
    o, seconds = item.operator, _number(item.total_time)
    joules = _number(item.total_energy)
    count = _number(o.count)
    moved = o.message_bytes if o.communication and o.block == "communication" else o.moved_bytes
    return Line(
        phase=phase,
        block=o.block,
        operator=o.name,
        count=count,
        time_s=seconds,
        share=seconds / total,
        bound=item.time.bound,
        flop=_number(o.flop) * count,
        bytes=_number(moved) * count,
        joules=joules if np.isfinite(joules) else None,
    )


def _scaled(array: Array, factor: float) -> Array:
    return np.asarray(array) * factor


def _levers(estimate: Estimate) -> list[Lever]:
    """The same deployment on a chip with one thing improved."""
    chips = estimate.request.columns
    better = {
        "twice the arithmetic": chips.varied(peak=_scaled(chips.peak, 2.0), vector=_scaled(chips.vector, 2.0)),
        "twice the memory bandwidth": chips.varied(bandwidth=_scaled(chips.bandwidth, 2.0)),
        "twice the cache bandwidth": chips.varied(cache_bandwidth=_scaled(chips.cache_bandwidth, 2.0)),
        "half the launch latency": chips.varied(launch=_scaled(chips.launch, 0.5)),
    }
    links = replace(
        chips.links,
        bandwidth=_scaled(chips.links.bandwidth, 2.0),
        pair_bandwidth=_scaled(chips.links.pair_bandwidth, 2.0),
        out_bandwidth=_scaled(chips.links.out_bandwidth, 2.0),
        latency=_scaled(chips.links.latency, 0.5),
        out_latency=_scaled(chips.links.out_latency, 0.5),
    )
    better["twice as fast links"] = chips.varied(links=links)
    return [_lever(name, estimate, columns) for name, columns in better.items()]


def _lever(name: str, estimate: Estimate, chips: Chips) -> Lever:
    r: Request = estimate.request
    with np.errstate(invalid="ignore", divide="ignore"):
        service = serve(
            r.model,
            Formats.of(r.scheme),
            r.parallelism,
            chips,
            batch=r.batch / float(r.parallelism.pipeline),
            prompt=r.prompt,
            output=r.output,
            images=r.images,
            skew=r.skew,
        )
    tokens = _number(service.tokens_per_s) * float(r.parallelism.data)
    return Lever(
        name=name,
        ttft_s=_number(service.ttft),
        tpot_s=_number(service.tpot),
        tokens_per_s=tokens,
        speedup=tokens / estimate.tokens_per_s if estimate.tokens_per_s > 0 else 1.0,
    )


def _number(value: object) -> float:
    return float(np.asarray(value))
