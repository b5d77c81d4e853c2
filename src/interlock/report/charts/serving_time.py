"""Simulations over time: requests that wait and run, tokens, blocks of the cache, service of clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from interlock.report.charts.chart import COLOURS, Spec, axis, chart, empty
from interlock.serving.comparison import Compared
from interlock.serving.history import History

HEIGHT: Final = 190


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A column of a history as a chart: its title, its unit, and whether its scale is logarithmic above 1."""

    column: str
    title: str
    unit: str = ""
    wide: bool = False


CURVES: Final = (
    Curve(column="waiting", title="Requests that wait", wide=True),
    Curve(column="running", title="Requests that run"),
    Curve(column="tokens_per_s", title="Tokens made a second"),
    Curve(column="held", title="KV cache held", unit="%"),
)


def colours(labels: Sequence[str]) -> Spec:
    """One colour a label, the same in every chart."""
    scale = {"domain": list(labels), "range": [COLOURS[place % len(COLOURS)] for place in range(len(labels))]}
    legend = {"orient": "top", "title": None, "columns": 3, "symbolType": "stroke", "symbolStrokeWidth": 3}
    return {"field": "label", "type": "nominal", "scale": scale, "legend": legend if len(labels) > 1 else None}


def time_chart(found: Sequence[Compared], curve: Curve) -> Spec:
    """One column of all histories."""
    rows = [row for each in found if each.finding.history for row in _rows(each.label, each.finding.history, curve)]
    about = f"{curve.title} over time"
    if not rows:
        return empty(about, "not recorded")
    return _lines(about, rows, curve, [each.label for each in found])


def service_chart(history: History) -> Spec:
    """Weighted tokens that each client has been served."""
    rows: list[dict[str, float | str]] = [
        {"x": x, "y": y, "label": name}
        for name, column in history.service.items()
        for x, y in zip(history.time_s, column, strict=True)
    ]
    return _lines("Service by client over time", rows, Curve(column="", title="Weighted tokens"), list(history.service))


def memory_chart(found: Sequence[Compared]) -> Spec:
    """The mean share of the cache that is filled, held but unfilled, and free."""
    parts = ("filled", "held, not filled", "free")
    rows = []
    for each in found:
        held, waste = each.metrics.kv_occupancy, each.metrics.kv_waste
        shares = (held * (1 - waste), held * waste, 1 - held)
        rows += [
            {"label": each.label, "part": part, "share": 100 * max(share, 0.0), "place": place,
             "told": f"{100 * share:.2f} %"}
            for place, (part, share) in enumerate(zip(parts, shares, strict=True))
        ]  # fmt: skip
    scale = {"domain": parts, "range": ["#4e79a7", "#e15759", "#8a8f9840"]}
    encoding = {
        "y": {"field": "label", "type": "nominal", "title": None, "sort": None, "axis": {"ticks": False}},
        "x": {"field": "share", "type": "quantitative", "title": "Share of the KV cache over time, %",
              "scale": {"domain": [0, 100]}},
        "color": {"field": "part", "type": "nominal", "scale": scale, "legend": {"orient": "top", "title": None}},
        "order": {"field": "place", "type": "quantitative"},
        "tooltip": [{"field": name, "type": "nominal", "title": title}
                    for name, title in (("label", "Policy"), ("part", "Part"), ("told", "Share"))],
    }  # fmt: skip
    height = 30 * len(found) + 10
    return chart("Mean use of the KV cache", height, data={"values": rows}, mark={"type": "bar"}, encoding=encoding)


def _rows(label: str, history: History, curve: Curve) -> list[dict[str, float | str]]:
    factor = 100.0 if curve.unit == "%" else 1.0
    columns: Mapping[str, tuple[float, ...]] = {curve.column: getattr(history, curve.column)}
    return [
        {"x": x, "y": factor * y, "label": label}
        for x, y in zip(history.time_s, columns[curve.column], strict=True)
        if y == y
    ]


def _lines(about: str, rows: Sequence[dict[str, float | str]], curve: Curve, labels: Sequence[str]) -> Spec:
    title = f"{curve.title}, {curve.unit}" if curve.unit else curve.title
    top = max((float(row["y"]) for row in rows), default=1.0)
    scale: Spec = {"type": "symlog", "constant": 5, "domain": [0, max(1.1 * top, 1.0)]} if curve.wide else {}
    ticks = {"values": [0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000]} if curve.wide else {}
    encoding = {
        "x": {"field": "x", "type": "quantitative", "title": "Time since the first arrival", "axis": axis("s"),
              "scale": {"nice": False}},
        "y": {"field": "y", "type": "quantitative", "title": title, "scale": scale,
              "axis": {**axis(""), "tickCount": 5, **ticks}},
        "color": colours(labels),
    }  # fmt: skip
    mark = {"type": "line", "strokeWidth": 1.5, "interpolate": "step", "clip": True}
    return chart(about, HEIGHT, data={"values": list(rows)}, mark=mark, encoding=encoding)
