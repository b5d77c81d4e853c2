"""Latencies of simulations side by side: percentiles with the step time's band, and whole distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from interlock.report.charts.chart import Spec, axis, chart, empty
from interlock.report.charts.placing import ticks
from interlock.report.charts.serving_time import HEIGHT, colours
from interlock.serving.comparison import Compared
from interlock.serving.history import LEVELS
from interlock.units import show

TITLES: Final = {
    "ttft": "Time to first token",
    "tpot": "Time per output token",
    "itl": "Gap between two tokens",
    "e2el": "Whole request",
}
_RED: Final = "#d62728"
_GREY: Final = "#8a8f98"
_PARTS: Final = ("p50", "p90", "p99")


def spread_chart(found: Sequence[Compared], name: str, limit: float | None) -> Spec:
    """p50, p90 and p99 as dots on a line; the grey bar is the 99th with every step at the ends of its band."""
    about = f"{TITLES[name]}: percentiles"
    rows = [row for each in found if (row := _percentiles(each, name))]
    if not rows:
        return empty(about, "nothing to count")
    values = [row[key] for row in rows for key in (*_PARTS, "low", "high") if row[key] is not None]
    x = _log(values + ([limit] if limit else []))
    y = {"field": "label", "type": "nominal", "title": None, "sort": None, "axis": {"ticks": False, "labelPadding": 8}}
    shown = [{"field": f"{key}_told", "type": "nominal", "title": key} for key in (*_PARTS, "band")]
    tooltip = [{"field": "label", "type": "nominal", "title": "Policy"}, *shown]
    data = {"values": rows}
    layers: list[Spec] = [
        {"data": {"values": [row for row in rows if row["low"] is not None]},
         "mark": {"type": "bar", "size": 14, "color": _GREY, "opacity": 0.35},
         "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, "tooltip": tooltip}},
        {"data": data, "mark": {"type": "rule", "strokeWidth": 2, "color": "#4e79a7"},
         "encoding": {"x": {**x, "field": "p50"}, "x2": {"field": "p99"}, "y": y}},
    ]  # fmt: skip
    for part, size, colour in (("p50", 70, "#59a14f"), ("p90", 70, "#edc948"), ("p99", 70, "#f28e2b")):
        mark = {"type": "point", "filled": True, "size": size, "opacity": 1, "color": colour}
        layers.append({"data": data, "mark": mark, "encoding": {"x": {**x, "field": part}, "y": y, "tooltip": tooltip}})
    if limit:
        layers += limit_layers(limit, x, "x")
    return chart(about, 30 * len(rows) + 10, layer=layers)


def distribution_chart(found: Sequence[Compared], name: str, limit: float | None) -> Spec:
    """The share of requests (of gaps, for gaps) that take at most so long."""
    about = f"{TITLES[name]}: share that takes at most so long"
    points = [
        (max(value, 1e-6), float(level), each.label)
        for each in found
        if each.finding.history and (column := each.finding.history.quantiles.get(name))
        for level, value in zip(LEVELS, column, strict=True)
    ]
    if not points:
        return empty(about, "nothing to count")
    floor = max(x for x, _, _ in points) / 1e5
    points = [point for point in points if point[0] >= floor]
    rows = [{"x": x, "y": y, "label": label} for x, y, label in points]
    x = {**_log([x for x, _, _ in points] + ([limit] if limit else [])), "field": "x", "title": TITLES[name]}
    y = {"field": "y", "type": "quantitative", "title": "Share, %", "scale": {"domain": [0, 100]}}
    mark = {"type": "line", "strokeWidth": 1.8, "clip": True}
    layers: list[Spec] = [
        {"data": {"values": rows}, "mark": mark,
         "encoding": {"x": x, "y": y, "color": colours([each.label for each in found])}},
    ]  # fmt: skip
    return chart(about, HEIGHT, layer=layers + (limit_layers(limit, x, "x") if limit else []))


def limit_layers(limit: float, scaled: Mapping[str, object], side: str, text: str | None = None) -> list[Spec]:
    """A limit as a dashed rule with its value."""
    place = {side: {**scaled, "field": "limit"}}
    words = text or show(limit, "s")
    look = {"type": "text", "color": _RED, "text": f"limit {words}", "fontSize": 10}
    beside = {"align": "right", "dx": -4, "y": 6} if side == "x" else {"align": "left", "x": 4, "dy": -6}
    marks = ({"type": "rule", "strokeDash": [5, 4], "color": _RED}, {**look, **beside})
    return [{"data": {"values": [{"limit": limit}]}, "mark": mark, "encoding": place} for mark in marks]


def _percentiles(each: Compared, name: str) -> dict[str, object] | None:
    spread = getattr(each.metrics, name)
    if spread.p50 != spread.p50:
        return None
    low, high = each.ends(f"{name}.p99") or (None, None)
    told = {f"{part}_told": show(getattr(spread, part), "s") for part in _PARTS}
    band = "unknown" if low is None or high is None else f"p99 {show(low, 's')} to {show(high, 's')}"
    row = {part: max(getattr(spread, part), 1e-6) for part in _PARTS}
    return {"label": each.label, **row, "low": low, "high": high, **told, "band_told": band}


def _log(values: Sequence[object]) -> Spec:
    numbers = [float(str(value)) for value in values]
    low, high = min(numbers) / 1.15, max(numbers) * 1.15
    return {
        "type": "quantitative",
        "title": None,
        "scale": {"type": "log", "domain": [low, high], "nice": False},
        "axis": {**axis("s"), "values": ticks(low, high)},
    }
