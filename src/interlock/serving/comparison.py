"""Policies, rates and seeds side by side, each with the band that the band of a step's time gives its figures.

idea:  every run is simulated with the likely clock and with the two at the ends of the 90 % band of a step; a figure's
       band is from the least to the greatest of the three.
keeps: a band is the step time's alone: requests, policy and seed are the same in all three.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from interlock.serving.capacity import Capacity, bisection, most_steps
from interlock.serving.metrics import Metrics
from interlock.serving.runs import PACES, Finding, Pace, Run, Setting
from interlock.serving.study import Means, Question, Told, answers, once

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One run, and its figures at the ends of the step time's band; None where that is unknown or not asked for."""

    label: str
    run: Run
    finding: Finding
    fast: Metrics | None
    slow: Metrics | None

    @property
    def metrics(self) -> Metrics:
        """With the likely clock."""
        return self.finding.metrics

    def ends(self, figure: str) -> Ends | None:
        """The band of a figure such as "ttft.p99" or "output_throughput"; None where there is none."""
        if self.fast is None or self.slow is None:
            return None
        found = [figure_of(each, figure) for each in (self.metrics, self.fast, self.slow)]
        known = [value for value in found if value is not None and value == value]
        return (min(known), max(known)) if len(known) == len(found) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacities:
    """The highest rate of a policy, and at the ends of the step time's band."""

    likely: Capacity
    fast: Capacity | None
    slow: Capacity | None

    @property
    def ends(self) -> Ends | None:
        """The band of the rate."""
        if self.fast is None or self.slow is None:
            return None
        found = [each.rate for each in (self.likely, self.fast, self.slow)]
        return min(found), max(found)


def figure_of(metrics: Metrics, figure: str) -> float | None:
    """A figure by name, a dot before the part of a distribution."""
    name, _, part = figure.partition(".")
    value = getattr(metrics, name)
    found: float | None = getattr(value, part) if part else value
    return found


def compare(
    setting: Setting, runs: Sequence[Run], *, band: bool = True, means: Means | None = None, told: Told | None = None
) -> list[Compared]:
    """Simulate all runs."""
    paces = paces_of(setting, band)
    questions = {
        (run, pace): once(replace(run, pace=pace, history=run.history and pace == "likely"))
        for run in runs
        for pace in paces
    }
    found = answers(setting, questions, means, told)
    banded = len(paces) > 1
    return [
        Compared(
            label=_label(run, runs),
            run=run,
            finding=found[run, "likely"],
            fast=found[run, "fast"].metrics if banded else None,
            slow=found[run, "slow"].metrics if banded else None,
        )
        for run in runs
    ]


def capacities(
    setting: Setting, runs: Sequence[Run], low: float, high: float, *, share: float, band: bool = True,
    means: Means | None = None, told: Told | None = None,
) -> dict[str, Capacities]:  # fmt: skip
    """The highest rate of each run that meets the limits, by its label."""
    paces = paces_of(setting, band)
    questions = {
        (run, pace): _asked(replace(run, pace=pace, history=False), low, high, share) for run in runs for pace in paces
    }
    found = answers(setting, questions, means, told)
    return {
        _label(run, runs): Capacities(
            likely=found[run, "likely"], fast=found.get((run, "fast")), slow=found.get((run, "slow"))
        )
        for run in runs
    }


def paces_of(setting: Setting, band: bool) -> tuple[Pace, ...]:
    """The clocks that are run."""
    known = band and setting.on.clocks.fast is not None and setting.on.clocks.slow is not None
    known = known and setting.engine.speculation is None  # whose own clocks have no ends
    return PACES if known else ("likely",)


def most_runs(setting: Setting, runs: int, band: bool, low: float, high: float) -> int:
    """The most simulations that searching capacities takes."""
    return runs * len(paces_of(setting, band)) * most_steps(low, high)


def _asked(run: Run, low: float, high: float, share: float) -> Question[Capacity]:
    asking: Generator[float, Metrics, Capacity] = bisection(low, high, share=share)
    rate = next(asking)
    while True:
        found = yield replace(run, rate=rate)
        try:
            rate = asking.send(found.metrics)
        except StopIteration as ended:
            capacity: Capacity = ended.value
            return capacity


def _label(run: Run, runs: Sequence[Run]) -> str:
    """The policy, and what else distinguishes a run from the others."""
    parts = [run.policy]
    parts += [f"{run.rate:g}/s"] if len({each.rate for each in runs}) > 1 else []
    parts += [f"seed {run.seed}"] if len({each.seed for each in runs}) > 1 else []
    return ", ".join(parts)
