"""The page of one deployment: where its time, memory and joules go, and what would help."""

from __future__ import annotations

from interlock.inference.explanation import Explanation
from interlock.report.charts import breakdown_chart, memory_chart, roofline_chart
from interlock.report.charts.chart import Spec
from interlock.report.figures import plain
from interlock.report.page.document import document
from interlock.report.page.elements import joined, section, text
from interlock.report.page.parts import answer, chart_place, header, sources
from interlock.report.page.question import workload
from interlock.report.page.table import Cell, name_cell, number_cell, table
from interlock.report.record import explanation_record, line_record
from interlock.units import show

_ROOFLINE = "A dot's size is its share of the phase; a dot above the slope takes part of its bytes from a cache."


def explanation_page(explanation: Explanation) -> str:
    """One deployment as one HTML file that needs no network.

    Raises:
        MissingExtraError: the Vega runtime is not installed.
    """
    estimate = explanation.estimate
    r = estimate.request
    parts, charts = explanation_parts(explanation)
    load = workload(r.prompt, r.output if r.model.generates else None, r.images)
    body = joined(
        header("Deployment explained", r.model.name, f"{load}."),
        answer("Deployment" if estimate.feasible else "This would not run", estimate),
        *parts,
        section("Memory", chart_place("memory", "Memory of one chip")),
        sources([estimate]),
    )
    return document(f"{r.model.name} on {r.chip.id}", body, {**charts, "memory": memory_chart(estimate)})


def explanation_parts(explanation: Explanation) -> tuple[list[str], dict[str, Spec]]:
    """The sections of an explanation, and the charts that they hold places for."""
    charts = {"breakdown": breakdown_chart(explanation), "roofline": roofline_chart(explanation)}
    parts = [
        section("Where the time goes", chart_place("breakdown", "Time of each phase by block")),
        section("What would help", _levers(explanation)),
        section("Operators under the roofline", chart_place("roofline", "Roofline"), text("p", _ROOFLINE, "soft")),
        section("Operators", _operators(explanation)),
    ]
    return parts, charts


def _levers(explanation: Explanation) -> str:
    generates = explanation.estimate.request.model.generates
    rate = "tokens_per_s" if generates else "requests_per_s"
    times = {"TTFT": "ttft_s", "TPOT": "tpot_s"} if generates else {"Latency": "ttft_s"}
    rows = [
        [
            name_cell(lever["name"]),
            *(number_cell(show(lever[key], "s"), lever[key]) for key in times.values()),
            number_cell(plain(lever[rate]), lever[rate]),
            number_cell(f"{lever['speedup_ratio']:.2f} ×", lever["speedup_ratio"]),
        ]
        for lever in explanation_record(explanation)["levers"]
        if lever[rate] is not None and lever["speedup_ratio"] is not None
    ]
    return table(["Change", *times, "Tokens/s" if generates else "Requests/s", "Speed-up"], rows)


def _operators(explanation: Explanation) -> str:
    headings = ["Phase", "Block", "Operator", "Repeats", "Time", "Share", "Limited by", "Work", "Bytes", "Energy"]
    units = {
        "time_s": "s",
        "share_ratio": "ratio",
        "bound": "",
        "work_flop": "FLOP",
        "moved_bytes": "B",
        "energy_j": "J",
    }
    rows = []
    for line in explanation.lines:
        record = line_record(line)
        cells = [name_cell(line.phase), name_cell(line.block), name_cell(line.operator)]
        cells.append(number_cell(plain(line.count), record["count"]))
        cells += [_quantity(record[key], unit) if unit else name_cell(record[key]) for key, unit in units.items()]
        rows.append(cells)
    return table(headings, rows)


def _quantity(value: float | None, unit: str) -> Cell:
    return number_cell(show(value, unit), value)
