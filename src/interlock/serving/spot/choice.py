"""Which configuration a number of machines should run: of those that keep up with the requests the quickest.

source: Miao et al., SpotServe, ASPLOS 2024, on the parallelization controller: of the configurations whose throughput
        is not below the arrival rate the one with the least latency, and if there is none the one with most throughput.
keeps:   a pipeline has one batch at a time, which goes through all its stages, as in FasterTransformer.
departs: the arrival rate is the mean of the trace, not a moving estimate; machines are not asked for or given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interlock.serving.clock import StepClock
from interlock.serving.spot.places import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A shape, its clock, and the tokens that its cache holds."""

    shape: Shape
    clock: StepClock
    kv_tokens: int

    def latency_s(self, batch: int, prompt: int, output: int) -> float:
        """Seconds of a batch from its prompts to its last tokens."""
        read = self.clock.step_s(0, 0.0, [(prompt, 0)] * batch)
        decode = sum(self.clock.step_s(batch, batch * float(prompt + i), []) for i in range(1, output))
        return read + decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A shape and how many pipelines of it."""

    priced: Priced
    pipelines: int


def choose(
    shapes: Sequence[Priced],
    chips: int,
    rate: float,
    *,
    prompt: int,
    output: int,
    batches: Sequence[int] = (1, 2, 4, 8),
) -> Choice | None:
    """The configuration for so many chips, or None if no pipeline fits.

    Args:
        shapes: what may be run.
        chips: of all machines.
        rate: requests a second.
        prompt: tokens in of a request.
        output: tokens out.
        batches: sizes of a batch.
    """
    rows: list[tuple[float, float, Choice]] = []
    for each in shapes:
        pipelines = chips // each.shape.chips
        for batch in batches if pipelines else ():
            spent = each.latency_s(batch, prompt, output)
            rows.append((spent, pipelines * batch / spent, Choice(priced=each, pipelines=pipelines)))
    enough = [row for row in rows if row[1] >= rate]
    if enough:
        return min(enough, key=lambda row: (row[0], -row[1]))[2]
    return max(rows, key=lambda row: row[1])[2] if rows else None
