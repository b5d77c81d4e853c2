"""Predictions against measurements: a scatter for each family, and how their errors are distributed.

keeps: a family shows a sample of its rows, drawn with a seed; the distributions are of all rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from interlock.report.charts.chart import COLOURS, Spec, axis, chart, empty
from interlock.report.charts.placing import ticks
from interlock.report.record import Record
from interlock.validation import Row, Validation
from interlock.validation.comparison import rows_of
from interlock.validation.score import errors_of, quantities
from interlock.validation.words import kind_text, shape_text, unit_of, value_text

MOST: Final = 2000  # points of one scatter
_ABOUT: Final = "Predicted against measured"
_DISTRIBUTIONS: Final = "Distribution of predicted over measured, by family"
_GREY: Final = "#8a8f98"
_HEIGHT: Final = 400
_CLOSE: Final = {"equal": 1.0, "+20 %": 1.2, "-20 %": 0.8}
_QUANTILES: Final = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
_SHAPES: Final = ("circle", "diamond", "triangle-up", "square")
Looks = Mapping[str, tuple[str, str]]  # colour and shape by chip
Kind = tuple[str, str]  # family and quantity


def looks(validation: Validation) -> Looks:
    """One look a chip, the same in every chart; the chips that were measured most differ most."""
    rows: Counter[str] = Counter()
    for part in validation.comparisons:
        chips, counts = np.unique(part.measurements["chip"], return_counts=True)
        rows.update(dict(zip(map(str, chips), counts.tolist(), strict=True)))
    ranked = sorted(rows, key=lambda chip: (-rows[chip], chip))
    return {
        chip: (COLOURS[place % len(COLOURS)], _SHAPES[place // len(COLOURS) % len(_SHAPES)])
        for place, chip in enumerate(ranked)
    }


def scatter_chart(validation: Validation, kind: Kind, predictor: str, look: Looks, seed: int = 0) -> Spec:
    """Measured across, predicted up, both logarithmic, with the diagonal and the lines 20 % beside it."""
    rows = [row for row in _sample(validation, kind, predictor, seed) if row.predicted > 0]
    if not rows:
        return empty(_ABOUT, "nothing of this is predicted")
    values = [value for row in rows for value in (row.measured, row.predicted)]
    low, high = min(values) / 1.3, max(values) * 1.3
    unit = unit_of(kind[1])
    axes = {
        "x": _axis("x", "Measured" if unit else f"Measured, {kind[1].replace('_', ' ')}", low, high, unit),
        "y": _axis("y", "Predicted", low, high, unit),
    }
    layers = [_line(name, factor, low, high, axes) for name, factor in _CLOSE.items()]
    return chart(_ABOUT, _HEIGHT, layer=[*layers, _points(rows, look, axes)])


def error_chart(validation: Validation) -> Spec:
    """Predicted over measured: a thin bar holds nine rows in ten, a thick one the middle half, a tick the median."""
    rows = [found for each in validation.predictors for kind in validation.kinds
            if (found := _spread(validation, kind, each.name))]  # fmt: skip
    if not rows:
        return empty(_DISTRIBUTIONS, "nothing is predicted")
    if len(validation.predictors) > 1:
        rows = [{**row, "Rows": f"{row['Rows']}, {row['Predictor']}"} for row in rows]
    low, high = min(0.5, *(row["q05"] for row in rows)) / 1.1, max(2.0, *(row["q95"] for row in rows)) * 1.1
    scale = {"type": "log", "domain": [low, high], "nice": False}
    labels = {"values": ticks(low, high), "labelExpr": "format(datum.value, '~g') + ' ×'", "labelOverlap": "greedy"}
    x = {"type": "quantitative", "scale": scale, "axis": labels, "title": "Predicted / measured"}
    y = {"field": "Rows", "type": "nominal", "title": None, "sort": None, "axis": {"ticks": False, "labelPadding": 8}}
    shown = [{"field": name, "type": "nominal"} for name in ("Rows", "Median", "Middle half", "Nine in ten")]
    band = {
        "data": {"values": [{"from": 0.8, "to": 1.2}]},
        "mark": {"type": "rect", "opacity": 0.15, "color": "#59a14f"},
        "encoding": {"x": {"field": "from", **x}, "x2": {"field": "to"}},
    }
    data = {"values": rows}
    layers = [
        {"data": data, "mark": {"type": "bar", "size": size, "color": colour},
         "encoding": {"x": {"field": start, **x}, "x2": {"field": end}, "y": y, "tooltip": shown}}
        for start, end, size, colour in (("q05", "q95", 3, _GREY), ("q25", "q75", 13, "#4c78a8"))
    ]  # fmt: skip
    median = {"data": data, "mark": {"type": "tick", "thickness": 3, "size": 19, "color": "#f58518"},
              "encoding": {"x": {"field": "q50", **x}, "y": y, "tooltip": shown}}  # fmt: skip
    return chart(_DISTRIBUTIONS, 30 * len(rows) + 10, layer=[band, *layers, median])


def _parts(validation: Validation, kind: Kind) -> list[tuple[int, np.ndarray]]:
    """The comparisons of a family, by place, and which of their rows are of the quantity."""
    return [
        (place, quantities(part.measurements) == kind[1])
        for place, part in enumerate(validation.comparisons)
        if part.measurements.family == kind[0]
    ]


def _sample(validation: Validation, kind: Kind, predictor: str, seed: int) -> list[Row]:
    found: list[tuple[int, int]] = []
    for place, mask in _parts(validation, kind):
        part = validation.comparisons[place]
        known = np.isfinite(errors_of(part.measurements, part.predictions[predictor]))
        found += [(place, int(row)) for row in np.flatnonzero(mask & known)]
    if len(found) > MOST:
        chosen = np.sort(np.random.default_rng(seed).choice(len(found), MOST, replace=False))
        found = [found[index] for index in chosen]
    rows: dict[int, list[int]] = {}
    for place, row in found:
        rows.setdefault(place, []).append(row)
    return [row for place, few in rows.items() for row in rows_of(validation.comparisons[place], predictor, few)]


def _spread(validation: Validation, kind: Kind, predictor: str) -> Record | None:
    """Quantiles of predicted over measured; None where nothing is predicted."""
    parts = [(validation.comparisons[place], mask) for place, mask in _parts(validation, kind)]
    errors = np.concatenate([errors_of(p.measurements, p.predictions[predictor])[mask] for p, mask in parts])
    ratio = 1.0 + errors[np.isfinite(errors) & (errors > -1.0)]
    if not ratio.size:
        return None
    q = {name: float(np.quantile(ratio, share)) for name, share in _QUANTILES.items()}
    return {
        **q,
        "Rows": kind_text(*kind),
        "Predictor": predictor,
        "Median": f"{q['q50']:.3g} ×",
        "Middle half": f"{q['q25']:.3g} to {q['q75']:.3g} ×",
        "Nine in ten": f"{q['q05']:.3g} to {q['q95']:.3g} ×",
    }


def _axis(field: str, title: str, low: float, high: float, unit: str) -> Spec:
    scale = {"type": "log", "domain": [low, high], "nice": False}
    labels = {**axis(unit), "values": ticks(low, high)}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": labels}


def _line(name: str, factor: float, low: float, high: float, axes: Spec) -> Spec:
    """A line of constant predicted / measured inside the plot."""
    start, end = max(low, low / factor), min(high, high / factor)
    ends = [{"x": value, "y": min(max(value * factor, low), high)} for value in (start, end)]
    dash = {} if math.isclose(factor, 1.0) else {"strokeDash": [5, 4]}
    mark = {"type": "line", "color": _GREY, "strokeWidth": 1.2, **dash}
    return {"data": {"values": ends}, "mark": mark, "encoding": axes, "name": f"line{list(_CLOSE).index(name)}"}


def _points(rows: Sequence[Row], look: Looks, axes: Spec) -> Spec:
    values = [
        {
            "x": float(f"{row.measured:.4g}"),
            "y": float(f"{row.predicted:.4g}"),
            "chip": row.chip,
            "run": ", ".join(filter(None, (row.set_name, row.stack, row.format))),
            "shape": shape_text(row),
            "ratio": f"{value_text(row.predicted, row.quantity)} / {value_text(row.measured, row.quantity)} = "
            f"{row.ratio:.3g}",
        }
        for row in rows
    ]
    chips = sorted({row.chip for row in rows})
    colour, shape = ({"domain": chips, "range": [look[chip][part] for chip in chips]} for part in (0, 1))
    legend = {"orient": "top", "columns": 6, "title": None, "symbolOpacity": 1, "symbolSize": 60}
    told = {"chip": "Chip", "run": "Run", "shape": "Shape", "ratio": "Predicted / measured"}
    shown = [{"field": name, "type": "nominal", "title": title} for name, title in told.items()]
    return {
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "opacity": 0.5, "size": 20},
        "encoding": {
            **axes,
            "color": {"field": "chip", "type": "nominal", "scale": colour, "legend": legend},
            "shape": {"field": "chip", "type": "nominal", "scale": shape, "legend": legend},
            "tooltip": shown,
        },
    }
