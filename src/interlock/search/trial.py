"""The shortlist of a plan under real traffic: simulated, and ranked by good requests for each dollar.

idea:  the closed form chooses whom to simulate. Shortlisted are the recommended deployment, the one of the lowest
       objective, the Pareto set that the plan shows, and the best of each other chip that meets the limits; of these
       the best few by the objective. One that is short of the share wanted is tried again with a replica more, as long
       as chips allow. Of those whose bands overlap the best one's, the one of the strongest evidence is recommended.
keeps: each is simulated as planned: its batch is the most sequences of a replica, its memory what is left beside the
       weights. All are simulated with the same requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from interlock.errors import InputError
from interlock.evidence import weakest
from interlock.inference.estimate import Estimate, estimate_request
from interlock.search.plan import Plan
from interlock.search.ties import time_evidence
from interlock.serving.comparison import Compared, compare
from interlock.serving.deployment import deployment
from interlock.serving.metrics import Metrics
from interlock.serving.policy import UNLIMITED
from interlock.serving.runs import Run, Setting
from interlock.serving.simulation import Engine
from interlock.workloads.load import Load

ATTAIN: Final = 0.9  # of the requests that must meet all limits
_MORE: Final = 3  # replicas that are added at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A deployment under traffic; `binding`: which limit is closest to being missed, in words."""

    estimate: Estimate
    compared: Compared
    meets: bool
    binding: str

    @property
    def worth(self) -> float:
        """Good requests for each dollar; for each chip-second where the price is unknown."""
        return self._worth(self.compared.metrics)

    @property
    def worth_band(self) -> tuple[float, float]:
        """With steps at the ends of their band."""
        found = [self._worth(m) for m in (self.compared.metrics, self.compared.fast, self.compared.slow) if m]
        return min(found), max(found)

    def _worth(self, m: Metrics) -> float:
        good = m.completed if m.request_goodput is None else m.request_goodput * m.duration_s
        spent = m.usd if m.usd is not None else float(self.estimate.request.parallelism.chips) * m.duration_s
        return good / spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """What was simulated, best first; `left_out`: deployments that could not be, and why."""

    policy: str
    traffic: str
    requests: int
    rate: float
    ranked: tuple[Trial, ...]
    left_out: tuple[str, ...]


def try_out(
    plan: Plan,
    load: Load,
    *,
    policy: str,
    shortlist: int,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """The plan with its shortlist simulated: what it recommends then is the best of those that keep their limits.

    Raises:
        InputError: an unknown policy, or requests that are refused.
    """
    goals = plan.goals
    limits = {"ttft": goals.ttft_s, "tpot": goals.tpot_s, "e2el": goals.latency_s}
    asked = {name: limit for name, limit in limits.items() if limit is not None}
    found: list[Trial] = []
    left_out: list[str] = []
    listed = list(shortlisted(plan, shortlist))
    for place, estimate in enumerate(listed):
        try:
            found.append(_with_replicas(estimate, load, policy, goals.rate, asked, goals.max_chips))
        except InputError as refused:
            if refused.where in {"--policy", "--trace", "--rate"}:
                raise
            left_out.append(f"{_name(estimate)}: {refused}")
        if progress is not None:
            progress(place + 1, len(listed))
    ranked = sorted(found, key=lambda trial: (not trial.meets, -trial.worth))
    requests = load.at(goals.rate)
    trials = Trials(
        policy=policy, traffic=load.trace or load.shape or "given requests", requests=len(requests),
        rate=requests.rate, ranked=tuple(ranked), left_out=tuple(left_out),
    )  # fmt: skip
    if not ranked:
        return replace(plan, trials=trials)
    best = ranked[0]
    if not best.meets:
        share = 100 * (best.compared.metrics.within_slo or 0.0)
        missing = (
            f"{share:.0f} % of the simulated requests meet the limits on {_name(best.estimate)}, the best of those"
        )
        missing += f" tried; {100 * ATTAIN:.0f} % are wanted"
        return replace(plan, trials=trials, recommended=None, binding="", missing=(*plan.missing, missing))
    chosen = _surest([trial for trial in ranked if trial.meets])
    simulated = {trial.estimate.request.chip.id for trial in ranked}
    return replace(
        plan,
        trials=trials,
        recommended=chosen.estimate,
        binding=chosen.binding,
        preferred=_preference(best, chosen),
        runners=tuple(runner for runner in plan.runners if runner.chip not in simulated),
        notes=(*_risk(chosen), *plan.notes),
    )


def _surest(meeting: Sequence[Trial]) -> Trial:
    """The best, or of those whose bands overlap its own, and at worst are worth no less, one on stronger evidence."""
    best = chosen = meeting[0]
    for other in meeting[1:]:
        mine, theirs = time_evidence(chosen.estimate), time_evidence(other.estimate)
        overlap = other.worth_band[1] >= best.worth_band[0] and other.worth_band[0] >= best.worth_band[0]
        if overlap and mine != theirs and weakest((mine, theirs)) == mine:
            chosen = other
    return chosen


def _preference(best: Trial, chosen: Trial) -> str:
    if chosen is best:
        return ""
    sure, less = time_evidence(chosen.estimate), time_evidence(best.estimate)
    return (
        f"{_name(best.estimate)} may serve more for a dollar, but their bands overlap; preferred because its times are "
        f"{sure}, not {less}"
    )


def _risk(chosen: Trial) -> list[str]:
    """That the share wanted is missed where steps are slow."""
    ends = chosen.compared.ends("within_slo") if chosen.compared.metrics.within_slo is not None else None
    if ends is None or ends[0] >= ATTAIN:
        return []
    return [f"with every step at the slow end of its band {100 * ends[0]:.0f} % of the simulated requests are good"]


def shortlisted(plan: Plan, most: int) -> Iterator[Estimate]:
    """Who is simulated; experts that span replicas and weights that spill are not, since the simulator has neither."""
    objective = {"cost": "usd_per_million_tokens", "ttft": "ttft_s", "tpot": "tpot_s", "energy": "joules_per_token"}
    name = objective.get(plan.goals.objective)

    def value(e: Estimate) -> float:
        found = -e.tokens_per_s / float(e.request.parallelism.chips) if name is None else getattr(e, name)
        return float("inf") if found is None else float(found)

    others = [runner.estimate for runner in plan.runners]
    seen: list[tuple[object, ...]] = []
    for each in sorted(filter(None, (plan.recommended, plan.lowest, *plan.front, *others)), key=value):
        p = each.request.parallelism
        key = (each.request.chip.id, p.name, each.request.scheme.name, each.request.batch)
        simulated = float(p.expert) <= float(p.tensor) and each.spilled_bytes <= 0
        if key not in seen and simulated and len(seen) < most:
            seen.append(key)
            yield each


def _with_replicas(
    estimate: Estimate, load: Load, policy: str, rate: float | None, limits: Mapping[str, float], max_chips: int
) -> Trial:
    """The deployment, or with the fewest more replicas that meet the limits; as it is where none do."""
    trial = first = _try(estimate, load, policy, rate, limits)
    for _ in range(_MORE):
        p = trial.estimate.request.parallelism
        bigger = replace(p, data=int(p.data) + 1)
        if trial.meets or float(bigger.chips) > max_chips:
            break
        request = replace(estimate.request, parallelism=bigger)
        trial = _try(estimate_request(request, price=estimate.price), load, policy, rate, limits)
    return trial if trial.meets else first


def _try(estimate: Estimate, load: Load, policy: str, rate: float | None, limits: Mapping[str, float]) -> Trial:
    r = estimate.request
    sequences = max(int(r.batch) // int(r.parallelism.pipeline), 1)
    on = deployment(
        r.model, r.chip, r.scheme, r.parallelism, context=r.prompt + r.output / 2.0, max_num_seqs=sequences,
        skew=r.skew, stack=r.stack,
    )  # fmt: skip
    on = replace(on, price=estimate.price)
    engine = Engine(
        clock=on.clock,
        kv_tokens=on.kv_tokens,
        replicas=on.lanes,
        longest=r.model.max_positions or 2**17,
        swap_s=on.swap_s,
        transfer_s=on.transfer_s,
        transfer_latency_s=on.transfer_latency_s,
        transfer_layers=r.model.main.depth,
        concurrency=UNLIMITED,
    )
    setting = Setting(on=on, engine=engine, load=load, limits=limits, max_num_seqs=sequences)
    (compared,) = compare(setting, [Run(policy=policy, rate=rate)])
    share = compared.metrics.within_slo
    return Trial(
        estimate=estimate,
        compared=replace(compared, label=_name(estimate)),
        meets=share is None or share >= ATTAIN,
        binding=_binding(compared.metrics, limits),
    )


def _binding(m: Metrics, limits: Mapping[str, float]) -> str:
    """The limit of which the 90th percentile takes the largest share, and a cache that is full."""
    if not limits:
        return ""
    shares = {name: getattr(m, name).p90 / limit for name, limit in limits.items()}
    known = {name: share for name, share in shares.items() if share == share}
    if not known:
        return ""
    name = max(known, key=lambda each: known[each])
    full = f"; the cache was full, {m.preemptions:,} preemptions" if m.preemptions else ""
    title = {"ttft": "TTFT", "tpot": "TPOT", "e2el": "request"}[name]
    return f"{title}, whose 90th percentile is {100 * known[name]:.0f} % of its limit{full}"


def _name(e: Estimate) -> str:
    r = e.request
    chips = int(r.parallelism.chips)
    where = r.chip.id if chips == 1 else f"{chips} x {r.chip.id} {r.parallelism.name}"
    return f"{where}, {r.scheme.weight.name.replace('-e4m3', '')}, batch {r.batch}"
