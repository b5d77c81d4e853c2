"""Simulated serving as text: figures side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping

from interlock.cli.show import heading, line, pairs, table
from interlock.cli.words import count, seconds, some, usd
from interlock.serving.capacity import Capacity
from interlock.serving.deployment import Deployment
from interlock.serving.metrics import Metrics, Spread
from interlock.units import show
from interlock.workloads.requests import Requests


def print_metrics(
    on: Deployment, requests: Requests, found: Mapping[str, Metrics], limits: Mapping[str, float]
) -> None:
    """One policy as pairs, several as a table."""
    heading(f"{on.model.name} on {_where(on)}: {_load(requests)}")
    if len(found) == 1:
        name, only = next(iter(found.items()))
        pairs(_pairs(on, name, only, limits))
        if only.clients:
            heading("Clients")
            columns = [("client", "left"), ("requests", "right"), ("service", "right"), ("mean TTFT", "right"),
                       ("p99 TTFT", "right")]  # fmt: skip
            table(columns, [
                (client, count(row["requests"]), count(row["service"]), seconds(row["mean_ttft_s"]),
                 seconds(row["p99_ttft_s"])) for client, row in only.clients.items()
            ], indent=2)  # fmt: skip
        return
    heads = ["policy", "TTFT\np50", "TTFT\np99", "TPOT\np99", "tok/s", "good\n%", "pre-\nempt", "$/Mtok"]
    columns = [(head, "left" if head == "policy" else "right") for head in heads]
    table(columns, [_row(name, m) for name, m in found.items()])


def print_capacities(on: Deployment, found: Mapping[str, Capacity], limits: str, attain: float) -> None:
    """The highest rate of each policy."""
    heading(f"{on.model.name} on {_where(on)}: highest rate at which {100 * attain:g} % meet {limits}")
    columns = [("policy", "left"), ("rate/s", "right"), ("good %", "right"), ("TTFT p99", "right"),
               ("TPOT p99", "right"),
               ("$/Mtok", "right")]  # fmt: skip
    table(columns, [_capacity_row(name, capacity) for name, capacity in found.items()])
    if any(capacity.open for capacity in found.values()):
        line("\n≥: even the highest rate of the range is met.")


def _capacity_row(name: str, found: Capacity) -> tuple[str, ...]:
    m = found.metrics
    if m is None:
        return name, "none", f"{100 * found.tried[0][1]:.1f}", "", "", ""
    mark = "≥ " if found.open else ""
    share = f"{100 * (m.within_slo or 0):.1f}"
    return (
        name,
        f"{mark}{found.rate:.3g}",
        share,
        seconds(m.ttft.p99),
        seconds(m.tpot.p99),
        usd(m.usd_per_million_tokens),
    )


def _row(name: str, m: Metrics) -> tuple[str, ...]:
    return (
        name,
        seconds(m.ttft.p50),
        seconds(m.ttft.p99),
        seconds(m.tpot.p99),
        count(m.output_throughput),
        "" if m.within_slo is None else f"{100 * m.within_slo:.1f}",
        f"{m.preemptions:,}",
        usd(m.usd_per_million_tokens),
    )


def _where(on: Deployment) -> str:
    return on.chip.id if on.chips == 1 else f"{on.chips} x {on.chip.id} ({on.parallelism.name})"


def _load(requests: Requests) -> str:
    rate = f", {requests.rate:.3g}/s" if math.isfinite(requests.rate) else ""
    return f"{some(len(requests), 'request')}{rate}"


def _pairs(on: Deployment, name: str, m: Metrics, limits: Mapping[str, float]) -> list[tuple[str, str]]:
    rows = [
        ("policy", name),
        ("first token", _spread(m.ttft) + " (TTFT)"),
        ("each token", _spread(m.tpot) + " (TPOT)"),
        ("gaps", _spread(m.itl) + " (ITL)"),
        ("end to end", _spread(m.e2el)),
        ("queue", _spread(m.queue)),
        ("throughput", f"{count(m.output_throughput)} tokens/s out, {count(m.request_throughput)} requests/s"),
    ]
    if m.request_goodput is not None and m.within_slo is not None:
        wanted = ", ".join(f"{key.upper()} {seconds(value)}" for key, value in limits.items())
        rows.append(("goodput", f"{count(m.request_goodput)} requests/s, {100 * m.within_slo:.1f} % within {wanted}"))
    cache = f"{100 * m.kv_occupancy:.0f} % of {count(on.kv_tokens)} tokens held, {100 * m.kv_peak:.0f} % at most"
    rows += [
        ("batch", f"{m.mean_batch:.1f} decoding on average; busy {100 * m.utilization:.0f} % of the time"),
        ("KV cache", f"{cache}; {100 * m.kv_waste:.1f} % of it unfilled"),
        ("preempted", f"{m.preemptions:,} times, {count(m.recomputed_tokens)} tokens computed again"),
    ]
    if m.kv_spared is not None:
        rows.append(("shared", f"{100 * m.kv_spared:.1f} % of blocks spared by answers that share their prompt"))
    if m.interrupted or m.rerouted:
        rows.append(("lost", f"{m.interrupted:,} times a replica; {m.rerouted:,} requests went elsewhere, "
                     f"{count(m.lost_tokens)} tokens read again"))  # fmt: skip
    if m.prefix_hit_rate:
        rows.append(("prefixes", f"{100 * m.prefix_hit_rate:.1f} % of prompt tokens found in the cache"))
    if m.tokens_per_pass is not None:
        kept = f"{100 * (m.draft_acceptance_rate or 0.0):.0f} % of drafts kept"
        rows.append(("speculation", f"{m.tokens_per_pass:.2f} tokens a pass of a sequence, {kept}"))
    energy = "unknown" if m.joules_per_token is None else f"{count(m.joules_per_token)} J per token"
    if m.joules is not None:
        energy += f", {show(m.joules / m.duration_s, 'W')}"
    rows.append(("energy", energy))
    price = (
        "unknown: give --price" if m.usd is None else f"{usd(m.usd_per_million_tokens)} USD per million output tokens"
    )
    if m.goodput_per_usd is not None:
        price += f", {count(m.goodput_per_usd)} good requests per USD"
    rows += [("cost", price), ("evidence", "step times from the cost model; queues and batches simulated")]
    return rows


def _spread(spread: Spread) -> str:
    if math.isnan(spread.mean):
        return "none"
    return f"p50 {seconds(spread.p50)}, p90 {seconds(spread.p90)}, p99 {seconds(spread.p99)}"
