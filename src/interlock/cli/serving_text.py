"""Simulated serving as text: figures side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from interlock.cli.show import heading, line, pairs, table
from interlock.cli.words import count, seconds, some, usd
from interlock.serving.comparison import Capacities, Compared
from interlock.serving.deployment import Deployment
from interlock.serving.metrics import Metrics
from interlock.serving.spread import Spread
from interlock.units import between, show
from interlock.workloads.requests import Requests


def print_metrics(on: Deployment, requests: Requests, found: Sequence[Compared], limits: Mapping[str, float]) -> None:
    """One simulation as pairs, several as a table."""
    rates = {each.run.rate for each in found}
    heading(f"{on.model.name} on {_where(on)}: {_load(requests, told=len(rates) == 1)}")
    if len(found) == 1:
        only = found[0]
        pairs(_pairs(on, only, limits))
        if only.metrics.clients:
            _clients(only.metrics)
        return
    fair = any(each.metrics.service_gap is not None for each in found)
    heads = ["policy", "TTFT\np50", "TTFT\np99", "TPOT\np99", "tok/s", "good\n%", "pre-\nempt", "$/Mtok"]
    heads += ["service\ngap"] if fair else []
    columns = [(head, "left" if head == "policy" else "right") for head in heads]
    table(columns, [_row(each, fair=fair) for each in found])
    if any(each.fast is not None for each in found):
        heading("With every step at the ends of its 90 % band")
        titles = ("policy", "TTFT p99", "TPOT p99", *(["good %"] if limits else []))
        table([(title, "left" if title == "policy" else "right") for title in titles],
              [_bands(each, good=bool(limits)) for each in found], indent=2)  # fmt: skip


def print_capacities(on: Deployment, found: Mapping[str, Capacities], limits: str, attain: float) -> None:
    """The highest rate of each policy."""
    heading(f"{on.model.name} on {_where(on)}: highest rate at which {100 * attain:g} % meet {limits}")
    columns = [("policy", "left"), ("rate/s", "right"), ("90 % band", "right"), ("good %", "right"),
               ("TTFT p99", "right"), ("TPOT p99", "right"), ("$/Mtok", "right")]  # fmt: skip
    table(columns, [_capacity_row(name, capacity) for name, capacity in found.items()])
    if any(capacity.likely.open for capacity in found.values()):
        line("\n≥: even the highest rate of the range is met.")


def _capacity_row(name: str, found: Capacities) -> tuple[str, ...]:
    m, ends = found.likely.metrics, found.ends
    band = "" if ends is None else f"{ends[0]:.3g} to {ends[1]:.3g}"
    if m is None:
        return name, "none", band, f"{100 * found.likely.tried[0].within_slo:.1f}", "", "", ""
    mark = "≥ " if found.likely.open else ""
    share = f"{100 * (m.within_slo or 0):.1f}"
    times = seconds(m.ttft.p99), seconds(m.tpot.p99)
    return name, f"{mark}{found.likely.rate:.3g}", band, share, *times, usd(m.usd_per_million_tokens)


def _row(each: Compared, *, fair: bool) -> tuple[str, ...]:
    m = each.metrics
    gap = (count(m.service_gap or 0.0),) if fair else ()
    return (
        each.label,
        seconds(m.ttft.p50),
        seconds(m.ttft.p99),
        seconds(m.tpot.p99),
        count(m.output_throughput),
        "" if m.within_slo is None else f"{100 * m.within_slo:.1f}",
        f"{m.preemptions:,}",
        usd(m.usd_per_million_tokens),
        *gap,
    )


def _bands(each: Compared, *, good: bool) -> tuple[str, ...]:
    shares = [_ends(each, "within_slo", lambda value: f"{100 * value:.1f}")] if good else []
    return each.label, *(_ends(each, name, seconds) for name in ("ttft.p99", "tpot.p99")), *shares


def _ends(each: Compared, figure: str, words: Callable[[float], str]) -> str:
    ends = each.ends(figure)
    return "" if ends is None else between(*map(words, ends))


def _clients(m: Metrics) -> None:
    heading("Clients")
    columns = [("client", "left"), ("requests", "right"), ("service", "right"), ("mean TTFT", "right"),
               ("p99 TTFT", "right")]  # fmt: skip
    table(columns, [
        (client, count(row["requests"]), count(row["service"]), seconds(row["mean_ttft_s"]),
         seconds(row["p99_ttft_s"])) for client, row in m.clients.items()
    ], indent=2)  # fmt: skip


def _where(on: Deployment) -> str:
    return on.chip.id if on.chips == 1 else f"{on.chips} x {on.chip.id} ({on.parallelism.name})"


def _load(requests: Requests, *, told: bool) -> str:
    rate = f", {requests.rate:.3g}/s" if told and math.isfinite(requests.rate) else ""
    return f"{some(len(requests), 'request')}{rate}"


def _pairs(on: Deployment, each: Compared, limits: Mapping[str, float]) -> list[tuple[str, str]]:
    m = each.metrics
    rows = [
        ("policy", each.label),
        ("TTFT", _spread(each, "ttft")),
        ("TPOT", _spread(each, "tpot")),
        ("ITL", _spread(each, "itl")),
        ("end to end", _spread(each, "e2el")),
        ("queue", _spread(each, "queue")),
        ("throughput", f"{count(m.output_throughput)} tokens/s out, {count(m.request_throughput)} requests/s"),
    ]
    if m.request_goodput is not None and m.within_slo is not None:
        wanted = ", ".join(f"{key.upper()} {seconds(value)}" for key, value in limits.items())
        share = f"{100 * m.within_slo:.1f} %{_bracketed(each, 'within_slo', lambda value: f'{100 * value:.1f}')}"
        rows.append(("goodput", f"{count(m.request_goodput)} requests/s, {share} within {wanted}"))
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
    told = "step times from the cost model; queues and batches simulated"
    if each.fast is not None:
        told += "; in brackets: with every step at the ends of its 90 % band"
    rows += [("cost", price), ("evidence", told)]
    return rows


def _spread(each: Compared, name: str) -> str:
    spread: Spread = getattr(each.metrics, name)
    if math.isnan(spread.mean):
        return "none"
    said = [f"{part} {seconds(getattr(spread, part))}" for part in ("p50", "p90", "p99")]
    return f"{', '.join(said)}{_bracketed(each, f'{name}.p99', seconds)}"


def _bracketed(each: Compared, figure: str, words: Callable[[float], str]) -> str:
    found = _ends(each, figure, words)
    return f" ({found})" if " to " in found else ""
