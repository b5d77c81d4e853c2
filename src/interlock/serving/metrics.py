"""What a simulation says: latencies, throughput, goodput, queues, memory, fairness, energy, dollars.

keeps: the names and the meaning of `vllm bench serve` (milliseconds there): TPOT is (end to end - TTFT) / (tokens - 1)
       of requests with more than one token; ITL counts every gap between two tokens of a request;
       those that one step gives it, drafted and kept, come together, without a gap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, shown
from interlock.serving.deployment import Deployment
from interlock.serving.fairness import service_gap
from interlock.serving.peaks import most_in_a_second, most_under_way
from interlock.serving.simulation import Outcome
from interlock.serving.spread import Spread, gaps_of, spread_of
from interlock.units import parse

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """One simulation in figures. Times in seconds, rates a second; None where something is not known."""

    completed: int
    duration_s: float
    prompt_tokens: int
    output_tokens: int
    request_rate: float
    request_throughput: float
    output_throughput: float
    total_token_throughput: float
    request_goodput: float | None
    within_slo: float | None
    peak_output_throughput: float  # the most tokens within a second
    peak_requests: int  # the most that had arrived and not finished
    input_tokens: Spread
    output_lengths: Spread
    user_pace: Spread  # tokens a second that a user sees after the first
    ttft: Spread
    tpot: Spread
    itl: Spread
    e2el: Spread
    queue: Spread
    preemptions: int
    recomputed_tokens: int
    swapped_tokens: int
    utilization: float
    mean_batch: float
    kv_occupancy: float
    kv_peak: float
    kv_waste: float
    kv_spared: float | None  # blocks that answers to one prompt share, of those that they would hold; None without
    prefix_hit_rate: float
    tokens_per_pass: float | None  # of a sequence, where tokens are drafted
    draft_acceptance_rate: float | None
    steps: int
    events: int
    replica_s: float  # paid for
    interrupted: int  # replicas that went down with requests under way
    rerouted: int  # requests that had to leave a replica, each time
    lost_tokens: int  # caches that went with a replica
    joules: float | None
    joules_per_token: float | None
    usd: float | None
    usd_per_million_tokens: float | None
    goodput_per_usd: float | None
    service_gap: float | None  # of two clients in weighted tokens, while both have requests waiting
    clients: dict[str, dict[str, float]]


def slo(text: str | None, where: str = "--slo") -> dict[str, float]:
    """Limits in seconds from "ttft=1s,tpot=50ms".

    Raises:
        InputError: a metric without a limit, or a limit that is not a time.
    """
    found: dict[str, float] = {}
    for part in (text or "").split(",") if text else []:
        name, equals, value = part.partition("=")
        name = {"e2e": "e2el", "latency": "e2el"}.get(name.strip().lower(), name.strip().lower())
        if not equals or name not in ("ttft", "tpot", "e2el"):
            raise InputError(where, shown(part), "limits among ttft, tpot and e2el, such as ttft=1s,tpot=50ms")
        found[name] = parse(value.strip(), "s", where=where)
        if found[name] <= 0:
            raise InputError(where, shown(part), "a time above 0")
    return found


def measure(outcome: Outcome, on: Deployment | None = None, limits: Mapping[str, float] | None = None) -> Metrics:
    """The figures of a simulation.

    Args:
        outcome: what happened.
        on: whose power and price count.
        limits: seconds for "ttft", "tpot", "e2el" that a request must meet to be good.
    """
    requests, rep = outcome.requests, outcome.replicas
    begin, end = float(outcome.arrival_s[0]), float(np.max(outcome.finish_s))
    duration = max(end - begin, 1e-12)
    columns = latencies(outcome)
    outputs = requests.output * requests.samples
    tokens, prompts = int(outputs.sum()), int(requests.prompt.sum())
    good = np.ones(len(requests), dtype=bool)
    for name, limit in (limits or {}).items():
        good &= ~(columns[name] > limit)  # a request of one token has no TPOT to miss
    share = float(good.mean()) if limits else None
    goodput = float(good.sum()) / duration if limits else None
    held = float(np.sum(rep["held_s"])) / (duration * float(np.sum(rep["blocks"])))
    block = outcome.policy.memory.block
    used = float(np.sum(rep["held_s"])) * block
    busy = float(np.sum(rep["busy_s"]))
    paid = float(np.sum(rep["paid_s"] + np.where(rep["bought"] >= 0, end - rep["bought"], 0.0)))
    share_paid = paid / (duration * len(rep["busy_s"]))
    joules = None
    if on is not None and on.clock.knows_energy and math.isfinite(on.clock.static_w):
        pipelines = float(np.asarray(on.parallelism.data))
        joules = float(np.sum(rep["joules"])) + on.clock.static_w * duration * pipelines * share_paid
    usd = None if on is None or on.price is None else on.price.usd_per_s * on.chips * duration * share_paid
    spared = float(np.sum(rep["spared_s"]))
    asked, passes = int(np.sum(rep["asked_tokens"])), int(np.sum(rep["passes"]))
    return Metrics(
        completed=len(requests),
        duration_s=duration,
        prompt_tokens=prompts,
        output_tokens=tokens,
        request_rate=requests.rate,
        request_throughput=len(requests) / duration,
        output_throughput=tokens / duration,
        total_token_throughput=(tokens + prompts) / duration,
        request_goodput=goodput,
        within_slo=share,
        peak_output_throughput=most_in_a_second(outcome),
        peak_requests=most_under_way(outcome),
        input_tokens=spread_of(requests.prompt.astype(float)),
        output_lengths=spread_of(requests.output.astype(float)),
        user_pace=spread_of(_paces(columns["tpot"])),
        ttft=spread_of(columns["ttft"]),
        tpot=spread_of(columns["tpot"]),
        itl=gaps_of(outcome),
        e2el=spread_of(columns["e2el"]),
        queue=spread_of(outcome.admitted_s - outcome.arrival_s),
        preemptions=int(np.sum(rep["preemptions"])),
        recomputed_tokens=int(np.sum(rep["recomputed"])),
        swapped_tokens=int(np.sum(rep["swapped_tokens"])),
        utilization=busy / (duration * len(rep["busy_s"])),
        mean_batch=float(np.sum(rep["batch_s"])) / busy if busy else 0.0,
        kv_occupancy=held,
        kv_peak=float(np.max(rep["peak_held"] / rep["blocks"])),
        kv_waste=float(np.sum(rep["waste_s"])) / used if used else 0.0,
        kv_spared=spared / (spared + float(np.sum(rep["held_s"]))) if spared else None,
        prefix_hit_rate=float(np.sum(rep["hit_tokens"])) / asked if asked else 0.0,
        tokens_per_pass=1.0 + float(np.sum(rep["accepted"])) / passes if passes else None,
        draft_acceptance_rate=float(np.sum(rep["accepted"]) / np.sum(rep["drafted"])) if passes else None,
        steps=int(np.sum(rep["all_steps"])),
        events=int(np.sum(rep["events"])),
        replica_s=paid,
        interrupted=int(np.sum(rep["interrupted"])),
        rerouted=int(np.sum(outcome.rerouted)),
        lost_tokens=int(np.sum(rep["lost"])),
        joules=joules,
        joules_per_token=None if joules is None else joules / tokens,
        usd=usd,
        usd_per_million_tokens=None if usd is None else usd / tokens * 1e6,
        goodput_per_usd=None if usd is None or goodput is None else goodput * duration / usd,
        service_gap=service_gap(outcome),
        clients=_clients(outcome, columns, good),
    )


def latencies(outcome: Outcome) -> dict[str, Floats]:
    """Columns over requests, seconds; TPOT is nan where there is one token."""
    whole = outcome.finish_s - outcome.arrival_s
    first = outcome.first_s - outcome.arrival_s
    more = outcome.requests.output - 1.0
    tpot = np.where(more > 0, (whole - first) / np.maximum(more, 1.0), np.nan)
    return {"ttft": first, "tpot": tpot, "e2el": whole}


def _paces(tpot: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        found: Floats = 1.0 / tpot
    return found


def _clients(outcome: Outcome, columns: Mapping[str, Floats], good: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    """Service of each client: requests, weighted tokens, TTFT; nothing where there is one client."""
    requests, order = outcome.requests, outcome.policy.order
    if len(requests.clients) < 2:
        return {}
    found: dict[str, dict[str, float]] = {}
    for code, name in enumerate(requests.clients):
        mine = requests.client == code
        if np.any(mine):
            prompts = float(requests.prompt[mine].sum())
            outputs = float((requests.output * requests.samples)[mine].sum())
            found[name] = {
                "requests": float(mine.sum()),
                "service": order.prompt_weight * prompts + order.token_weight * outputs,
                "mean_ttft_s": float(columns["ttft"][mine].mean()),
                "p99_ttft_s": float(np.percentile(columns["ttft"][mine], 99)),
                "within_slo": float(good[mine].mean()),
            }
    return found
