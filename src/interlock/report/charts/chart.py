"""What all charts share: the schema, sizes, text and axes. A chart is a Vega-Lite v5 dictionary with its data inside.

keeps: no colours of text or background, so that the page can follow a light or a dark scheme.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from interlock.inference.estimate import Estimate
from interlock.report.charts.placing import ticks
from interlock.report.deployments import formats, label
from interlock.report.figures import Figure, figures_of
from interlock.report.record import Record, estimate_record

Spec = dict[str, Any]

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
WIDTH: Final = 640
COLOURS: Final = (
    "#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#bab0ac",
    "#1f3b5c", "#8a4a0b", "#7d1f21", "#2d6b66", "#24571d", "#8a7212", "#5e3153", "#c2185b", "#5b3a29", "#5d5a58",
)  # fmt: skip
_CONFIG: Final[Spec] = {
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {"gridColor": "#888", "gridOpacity": 0.2, "labelLimit": 320, "titleFontWeight": "normal"},
    "legend": {"titleFontWeight": "normal", "labelLimit": 220},
}
_SECONDS: Final = (
    "datum.value == 0 ? '0' : datum.value >= 1 ? format(datum.value, '~g') + ' s' : datum.value >= 1e-3 ? "
    "format(datum.value * 1e3, '~g') + ' ms' : format(datum.value * 1e6, '~g') + ' µs'"
)

_PLAIN: Final = "datum.value >= 1e4 ? format(datum.value, '~s') : format(datum.value, '~g')"


def chart(description: str, height: int, **parts: Any) -> Spec:
    """A complete specification around marks, encodings and data."""
    spec: Spec = {"$schema": SCHEMA, "description": description, "width": WIDTH, "height": height}
    return {**spec, **parts, "config": _CONFIG}


def empty(description: str, text: str) -> Spec:
    """A chart that says why there is nothing to draw."""
    mark = {"type": "text", "text": text, "fontSize": 13}
    return chart(description, 60, data={"values": [{}]}, mark=mark)


def row(estimate: Estimate) -> Record:
    """An estimate as chart data: the numbers of its record, and every figure as text under its title."""
    record = estimate_record(estimate)
    numbers = {key: value for key, value in record.items() if not isinstance(value, list)}
    texts = {figure.title: figure.text(record[figure.key]) for figure in figures_of(estimate.request.model)}
    return {
        **numbers,
        "Deployment": label(estimate),
        "Chips": str(record["chips"]),
        "Cut": estimate.request.parallelism.name,
        "Formats": formats(estimate),
        **texts,
    }


def tooltip(figures: Sequence[Figure], *first: str) -> list[Spec]:
    """The tooltip of rows made by `row`."""
    names = [*first, "Chips", "Cut", "Formats", *(figure.title for figure in figures)]
    return [{"field": name, "type": "nominal"} for name in names]


def log_axis(figure: Figure, values: Sequence[float]) -> Spec:
    """A logarithmic axis of a figure that has room around positive values."""
    low, high = min(values), max(values)
    room = (high / low) ** 0.06 * 1.05
    return {
        "field": figure.key,
        "type": "quantitative",
        "title": f"{figure.title} ({'higher' if figure.more_is_better else 'lower'} is better)",
        "scale": {"type": "log", "domain": [low / room, high * room], "nice": False},
        "axis": {**axis(figure.unit), "values": ticks(low / room, high * room)},
    }


def axis(unit: str) -> Spec:
    """Tick labels in a unit."""
    if unit == "s":
        return {"labelExpr": _SECONDS, "labelOverlap": "greedy"}
    return {"labelExpr": prefixed(unit) if unit else _PLAIN, "labelOverlap": "greedy"}


def prefixed(unit: str) -> str:
    """A tick label with an SI prefix: "80 GB", "250 mJ"."""
    return f"replace(format(datum.value, '~s'), /([a-zA-Zµ]?)$/, ' $1{unit}')"
