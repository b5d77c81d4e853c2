"""Whether two deployments can be told apart, which of them is surer, and which limits one may miss within its band.

idea:    of deployments whose bands overlap, the one whose times stand on stronger evidence is preferred, if the high
         end of its objective is no worse: what is given up is a gain that nobody can be sure of.
keeps:   bands are taken as independent; what two deployments share (a chip, an engine) errs alike, so some that are
         called tied could be told apart, never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from interlock.cost.calibrated.basis import Basis
from interlock.evidence import Evidence, weakest
from interlock.inference.band import Ends
from interlock.inference.estimate import Estimate
from interlock.search.goals import Goals, Objective

_BASES: Final = {str(basis): basis.evidence for basis in Basis}
_NOWHERE_CALIBRATED: Final = "elementwise"  # the family that stands on first principles on every chip


def objective_band(e: Estimate, objective: Objective) -> Ends | None:
    """The 90 % band of the figure that is minimised; None where it, or the band, is unknown."""
    if e.bands is None:
        return None
    if objective in {"ttft", "tpot"}:
        return e.bands.ttft_s if objective == "ttft" else e.bands.tpot_s
    slow, fast = e.bands.tokens_per_s
    if objective == "throughput":
        return float(e.request.parallelism.chips) / fast, float(e.request.parallelism.chips) / slow
    value = e.usd_per_million_tokens if objective == "cost" else e.joules_per_token
    if value is None:
        return None
    return value * e.tokens_per_s / fast, value * e.tokens_per_s / slow


def tied(one: Estimate, other: Estimate, objective: Objective) -> bool:
    """Whether the bands of their objectives overlap."""
    first, second = objective_band(one, objective), objective_band(other, objective)
    return first is not None and second is not None and first[0] <= second[1] and second[0] <= first[1]


def time_evidence(e: Estimate) -> Evidence:
    """What the seconds stand on: the weakest class of the families of operators that some chip is calibrated for."""
    classes = [_BASES.get(basis, Evidence.FIRST_PRINCIPLES) for family, basis in e.bases.items()
               if family != _NOWHERE_CALIBRATED]  # fmt: skip
    return weakest(classes) or Evidence.FIRST_PRINCIPLES


def surest(best: Estimate, others: Iterable[Estimate], objective: Objective) -> Estimate:
    """The best, or of those tied with it the one on the strongest evidence, the first of equals.

    Args:
        best: the one with the lowest objective.
        others: the rest, by their objectives.
        objective: what is minimised.
    """
    chosen = best
    for other in others:
        weaker = weakest((time_evidence(other), time_evidence(chosen)))
        stronger = time_evidence(other) != weaker
        surer = stronger and not _same_but_for_a_change(best, other)
        if surer and tied(other, best, objective) and _high_end(other, objective) <= _high_end(best, objective):
            chosen = other
    return chosen


def _same_but_for_a_change(one: Estimate, other: Estimate) -> bool:
    """Whether a chip is a what-if of the other's: both err alike, so the change tells them apart."""
    return one.request.chip.like == other.request.chip.id


def _high_end(e: Estimate, objective: Objective) -> float:
    ends = objective_band(e, objective)
    return float("inf") if ends is None else ends[1]


def at_risk(e: Estimate, goals: Goals) -> list[str]:
    """Limits that the slow end of a deployment's band misses, though its prediction meets them."""
    if e.bands is None:
        return []
    limits = (
        ("TTFT", goals.ttft_s, e.ttft_s, e.bands.ttft_s),
        ("TPOT", goals.tpot_s, e.tpot_s, e.bands.tpot_s),
        ("request", goals.latency_s, e.latency_s, e.bands.latency_s),
    )
    return [
        f"the slow end of the {name} band, {ends[1] * 1e3:,.1f} ms, misses the limit of {limit * 1e3:,.1f} ms"
        for name, limit, value, ends in limits
        if limit is not None and value <= limit < ends[1]
    ]
