"""Whether two deployments can be told apart, and which limits a deployment may miss within its band.

keeps:   bands are taken as independent; what two deployments share (a chip, an engine) errs alike, so some that are
         called tied could be told apart, never the other way round.
"""

from __future__ import annotations

from interlock.inference.band import Ends
from interlock.inference.estimate import Estimate
from interlock.search.goals import Goals, Objective


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
