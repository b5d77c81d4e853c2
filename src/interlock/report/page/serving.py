"""The page of simulated serving: policies side by side in figures, distributions, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from interlock.report.charts.chart import Spec
from interlock.report.charts.serving_rate import FIGURES, highest_chart, rate_chart, share_chart, tried_chart
from interlock.report.charts.serving_spread import TITLES, distribution_chart, spread_chart
from interlock.report.charts.serving_time import CURVES, memory_chart, service_chart, time_chart
from interlock.report.figures import plain
from interlock.report.page.document import document
from interlock.report.page.elements import element, joined, section, text
from interlock.report.page.parts import card, chart_place, header
from interlock.report.page.serving_tables import (
    best_of,
    capacity_table,
    client_table,
    cost_table,
    latency_table,
    memory_table,
    work_table,
)
from interlock.serving.comparison import Capacities, Compared
from interlock.serving.runs import Setting
from interlock.units import show

_NOTE: Final = "Queues and batches are simulated; the times of steps are the cost model's, within the bands shown."
_BANDS: Final = (
    "Dots are the 50th (green), 90th (yellow) and 99th (orange) percentiles. The grey bar is the 99th with every "
    "step at the fast and at the slow end of its 90 % band: how far the prediction of step times alone may move it."
)
_TIME: Final = "Each point is a mean over a two-hundredth of the time that is drawn."
_MEMORY: Final = (
    "Means over the whole run. Unfilled is memory set aside for tokens that never came or had not come yet."
)

_GAP: Final = (
    "Service gap: how far two clients, both of which had requests waiting, got apart in tokens served, as the policy "
    "weighs them."
)


def serving_page(setting: Setting, found: Sequence[Compared]) -> str:
    """Simulations as one HTML file that needs no network.

    Raises:
        MissingExtraError: the Vega runtime is not installed.
    """
    limits = setting.limits
    charts: dict[str, Spec] = {f"spread-{name}": spread_chart(found, name, limits.get(name)) for name in TITLES}
    charts["memory"] = memory_chart(found)
    rated = len({each.run.rate for each in found}) > 1
    if rated:
        wanted = [name for name in FIGURES if limits or name != "request_goodput"]
        charts |= {f"rate-{name}".replace(".", "-"): rate_chart(found, name) for name in wanted}
    drawn = [each for each in found if each.finding.history]
    if drawn:
        charts |= {f"cdf-{name}": distribution_chart(drawn, name, limits.get(name)) for name in TITLES}
        charts |= {f"time-{curve.column}": time_chart(drawn, curve) for curve in CURVES}
    served = [each for each in drawn if each.finding.history and each.finding.history.service]
    for place, each in enumerate(served):
        assert each.finding.history is not None
        charts[f"service-{place}"] = service_chart(each.finding.history)
    clients = client_table(found)
    body = joined(
        header("Serving, simulated", setting.on.model.name, _question(setting, found), _limits(limits)),
        _verdict(found),
        section("Latency", latency_table(found)),
        section("Throughput", work_table(found), text("p", _GAP, "soft") if clients else ""),
        section("Energy and cost", cost_table(found)),
        section("As requests come faster", _grid(charts, "rate-")) if rated else "",
        section("Latency, and how sure it is", text("p", _BANDS, "soft"), _stack(charts, "spread-", TITLES)),
        section("Distributions", _grid(charts, "cdf-")) if drawn else "",
        section("Over time", text("p", _drawn(drawn), "soft"), _grid(charts, "time-")) if drawn else "",
        section(
            "Memory", memory_table(found), text("p", _MEMORY, "soft"), chart_place("memory", "Use of the KV cache")
        ),
        section("Clients", clients, *_service(served)),
    )
    return document(f"{setting.on.model.name}: simulated serving", body, charts, _NOTE)


def capacity_page(setting: Setting, found: Mapping[str, Capacities], attain: float) -> str:
    """The highest rates of policies as one HTML file that needs no network.

    Raises:
        MissingExtraError: the Vega runtime is not installed.
    """
    limits = setting.limits
    charts = {
        "highest": highest_chart(found),
        "share": share_chart(found, attain),
        "tried-ttft": tried_chart(found, "ttft.p99", limits.get("ttft")),
        "tried-tpot": tried_chart(found, "tpot.p99", limits.get("tpot")),
    }
    wanted = f"The highest rate at which {100 * attain:g} % of the requests meet all limits."
    band = "The tick is the likely rate; the grey bar runs from slow to fast ends of the step times' 90 % band."
    body = joined(
        header("Serving, simulated", setting.on.model.name, f"{_where(setting)}. {wanted}", _limits(limits)),
        card(joined(text("h2", "Highest rate"), capacity_table(found))),
        section("Highest rate, and how sure it is", chart_place("highest", "Highest rates"), text("p", band, "soft")),
        section("Share within the limits", chart_place("share", "Share within the limits by rate")),
        section("Percentiles by rate", _grid(charts, "tried-")),
    )
    return document(f"{setting.on.model.name}: highest rate", body, charts, _NOTE)


def _verdict(found: Sequence[Compared]) -> str:
    """Who serves most good requests for the money; nothing where nobody is compared."""
    best, close = best_of(found)
    told = joined(text("h2", "Most good requests for the money"), text("p", best, "answer"), text("p", close, "soft"))
    return card(told) if best else ""


def _question(setting: Setting, found: Sequence[Compared]) -> str:
    load, first = setting.load, found[0].metrics
    kind = load.trace or load.shape or "requests of one length"
    rates = sorted({each.run.rate or each.metrics.request_rate for each in found})
    pace = ", ".join(plain(rate) for rate in rates if rate == rate)
    read, made = (plain(tokens / first.completed) for tokens in (first.prompt_tokens, first.output_tokens))
    told = f"{first.completed:,} requests ({kind}), {read} tokens in and {made} out on average" + (
        f", {pace} a second" if pace else ""
    )
    return f"{_where(setting)}. {told}."


def _where(setting: Setting) -> str:
    on = setting.on
    chips = on.chip.name if on.chips == 1 else f"{on.chips} × {on.chip.name}: {on.parallelism.name}"
    return f"{chips}, {on.scheme.weight.name} weights, a KV cache of {on.kv_tokens:,} tokens a replica"


def _limits(limits: Mapping[str, float]) -> str:
    names = {"ttft": "time to first token", "tpot": "time per output token", "e2el": "whole request"}
    parts = [f"{names[name]} at most {show(value, 's')}" for name, value in limits.items()]
    return f"A request is good if it meets all limits: {', '.join(parts)}." if parts else ""


def _drawn(found: Sequence[Compared]) -> str:
    """What a point is, and whose end is not drawn."""
    late = []
    for each in found:
        history = each.finding.history
        if history and history.end_s - history.begin_s > 1.05 * history.time_s[-1]:
            late.append(f"{each.label} ({show(history.end_s - history.begin_s, 's')})")
    ends = f" Drawn to twice the time in which requests arrive; these ended later: {', '.join(late)}." if late else ""
    return _TIME + ends


def _service(served: Sequence[Compared]) -> list[str]:
    """A chart a policy: what each client has been served."""
    found = []
    for place, each in enumerate(served):
        name = f"service-{place}"
        found.append(joined(text("h3", each.label), chart_place(name, f"Service by client, {each.label}")))
    return found


def _grid(charts: Mapping[str, Spec], beginning: str) -> str:
    """Charts two by two."""
    names = [name for name in charts if name.startswith(beginning)]
    places = [chart_place(name, str(charts[name]["description"])) for name in names]
    return element("div", "\n".join(places), look="grid")


def _stack(charts: Mapping[str, Spec], beginning: str, titles: Mapping[str, str]) -> str:
    """Charts one below the other, each with its title."""
    return joined(
        *(
            joined(
                text("h3", title), chart_place(f"{beginning}{name}", str(charts[f"{beginning}{name}"]["description"]))
            )
            for name, title in titles.items()
        )
    )
