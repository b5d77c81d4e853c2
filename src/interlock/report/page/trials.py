"""The simulated shortlist of a plan as a section of its page."""

from __future__ import annotations

from interlock.inference.estimate import Estimate
from interlock.report.charts.chart import Spec
from interlock.report.charts.serving_spread import TITLES, spread_chart
from interlock.report.figures import plain
from interlock.report.page.elements import bullets, joined, section, text
from interlock.report.page.parts import chart_place
from interlock.report.page.table import Cell, name_cell, number_cell, table
from interlock.search import Plan
from interlock.search.trial import Trials
from interlock.units import between, show

_SHOWN = ("ttft", "tpot")
_BANDS = "Dots are p50, p90 and p99; the grey bar is the p99 with every step at the ends of its 90 % band."


def trials_section(plan: Plan) -> tuple[str, dict[str, Spec]]:
    """The section and its charts; nothing where nothing was simulated."""
    trials = plan.trials
    if trials is None or not trials.ranked:
        return "", {}
    limits = {"ttft": plan.goals.ttft_s, "tpot": plan.goals.tpot_s}
    found = [trial.compared for trial in trials.ranked]
    charts = {f"trial-{name}": spread_chart(found, name, limits[name]) for name in _SHOWN}
    drawn = [joined(text("h3", TITLES[name]), chart_place(f"trial-{name}", TITLES[name])) for name in _SHOWN]
    told = f"{trials.requests:,} requests ({trials.traffic}), {plain(trials.rate)} a second, under {trials.policy}."
    parts = [text("p", told, "soft"), _table(trials, plan.recommended), *drawn, text("p", _BANDS, "soft")]
    return section("Simulated under traffic", *parts, bullets(trials.left_out, "soft")), charts


def _table(trials: Trials, chosen: Estimate | None) -> str:
    rows = []
    for trial in trials.ranked:
        m = trial.compared.metrics
        share = None if m.within_slo is None else 100 * m.within_slo
        ends = trial.compared.ends("within_slo")
        band = "" if ends is None else between(*(plain(100 * end) for end in ends))
        rows.append(
            [
                name_cell(trial.compared.label),
                number_cell("" if share is None else plain(share), share),
                Cell(text=band, look="number"),
                number_cell(show(m.ttft.p99, "s"), m.ttft.p99),
                number_cell(show(m.tpot.p99, "s"), m.tpot.p99),
                number_cell("" if m.goodput_per_usd is None else plain(m.goodput_per_usd), m.goodput_per_usd),
                Cell(text=trial.binding),
            ]
        )
    heads = ["Deployment", "Good %", "its band", "TTFT p99", "TPOT p99", "Good requests per USD", "Closest limit"]
    best = next((place for place, trial in enumerate(trials.ranked) if trial.estimate is chosen), None)
    return table(heads, rows, best)
