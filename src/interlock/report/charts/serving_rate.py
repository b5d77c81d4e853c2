"""What happens as requests come faster: a figure over the rate, and the highest rate that meets the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from interlock.report.charts.chart import Spec, axis, chart, empty
from interlock.report.charts.placing import ticks
from interlock.report.charts.serving_spread import limit_layers
from interlock.report.charts.serving_time import HEIGHT, colours
from interlock.serving.comparison import Capacities, Compared, figure_of

FIGURES: Final = {
    "ttft.p99": ("99th percentile of the time to first token", "s"),
    "tpot.p99": ("99th percentile of the time per output token", "s"),
    "request_goodput": ("Good requests a second", ""),
}
Row = dict[str, float | str]


def rate_chart(found: Sequence[Compared], figure: str) -> Spec:
    """A figure of each policy at each rate."""
    rows: list[Row] = [
        {"x": each.run.rate, "y": value, "label": each.run.policy}
        for each in found
        if each.run.rate and (value := figure_of(each.metrics, figure)) is not None and value == value
    ]
    return _over_rates(figure, rows, list(dict.fromkeys(each.run.policy for each in found)), None)


def share_chart(found: Mapping[str, Capacities], attain: float) -> Spec:
    """The share within the limits at every rate that was tried."""
    rows: list[Row] = [
        {"x": point.rate, "y": 100 * point.within_slo, "label": label}
        for label, each in found.items()
        for point in sorted(each.likely.tried, key=lambda point: point.rate)
    ]
    x = _rates([float(row["x"]) for row in rows])
    y = {"field": "y", "type": "quantitative", "title": "Within the limits, %", "scale": {"domain": [0, 100]}}
    encoding = {"x": x, "y": y, "color": colours(list(found))}
    layers = [_line(rows, encoding), *limit_layers(100 * attain, y, "y", f"{100 * attain:g} %")]
    return chart("Share of requests within the limits by rate", 260, layer=layers)


def tried_chart(found: Mapping[str, Capacities], figure: str, limit: float | None) -> Spec:
    """A 99th percentile at every rate that was tried."""
    name = figure.replace(".", "_")
    rows: list[Row] = [
        {"x": point.rate, "y": value, "label": label}
        for label, each in found.items()
        for point in sorted(each.likely.tried, key=lambda point: point.rate)
        if (value := getattr(point, name)) == value
    ]
    return _over_rates(figure, rows, list(found), limit)


def highest_chart(found: Mapping[str, Capacities]) -> Spec:
    """The highest rate of each policy; the grey bar is its band."""
    rows = []
    for label, each in found.items():
        low, high = each.ends or (each.likely.rate, each.likely.rate)
        told = f"{each.likely.rate:.3g} ({low:.3g} to {high:.3g})"
        rows.append({"label": label, "rate": each.likely.rate, "low": low, "high": high, "told": told})
    y = {"field": "label", "type": "nominal", "title": None, "sort": None, "axis": {"ticks": False, "labelPadding": 8}}
    x = {"type": "quantitative", "title": "Requests a second", "scale": {"zero": True}}
    shown = [{"field": "label", "type": "nominal", "title": "Policy"}, {"field": "told", "type": "nominal",
             "title": "Highest rate"}]  # fmt: skip
    data = {"values": rows}
    layers: list[Spec] = [
        {"data": data, "mark": {"type": "bar", "size": 14, "color": "#8a8f98", "opacity": 0.4},
         "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, "tooltip": shown}},
        {"data": data, "mark": {"type": "tick", "thickness": 3, "size": 18, "color": "#f28e2b"},
         "encoding": {"x": {**x, "field": "rate"}, "y": y, "tooltip": shown}},
    ]  # fmt: skip
    return chart("Highest rate that meets the limits", 30 * len(rows) + 10, layer=layers)


def _over_rates(figure: str, rows: Sequence[Row], labels: Sequence[str], limit: float | None) -> Spec:
    title, unit = FIGURES[figure]
    if not rows:
        return empty(title, "nothing to count")
    values = [float(row["y"]) for row in rows] + ([limit] if limit else [])
    y: Spec = {"field": "y", "type": "quantitative", "title": title}
    if unit:
        low, high = min(values) / 1.15, max(values) * 1.15
        y |= {"scale": {"type": "log", "domain": [low, high], "nice": False},
              "axis": {**axis(unit), "values": ticks(low, high)}}  # fmt: skip
    encoding = {"x": _rates([float(row["x"]) for row in rows]), "y": y, "color": colours(labels)}
    return chart(
        f"{title} by rate", HEIGHT, layer=[_line(rows, encoding), *(limit_layers(limit, y, "y") if limit else [])]
    )


def _rates(values: Sequence[float]) -> Spec:
    low, high = min(values) / 1.05, max(values) * 1.05
    return {
        "field": "x", "type": "quantitative", "title": "Requests a second",
        "scale": {"type": "log", "domain": [low, high], "nice": False},
        "axis": {**axis(""), "values": ticks(low, high)},
    }  # fmt: skip


def _line(rows: Sequence[Row], encoding: Spec) -> Spec:
    mark = {"type": "line", "strokeWidth": 1.8, "point": {"size": 30}}
    return {"data": {"values": list(rows)}, "mark": mark, "encoding": encoding}
