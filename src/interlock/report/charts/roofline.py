"""The roofline of a chip, and where the operators of a deployment lie under it.

source: Williams et al. 2009.
keeps:  the roofs are the dense peak and the main memory's bandwidth as published; points are what is predicted. A point
        above the slope takes part of its bytes from a cache.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from interlock.cost.chips import substitute
from interlock.hardware import Chip
from interlock.inference.explanation import Explanation, Line
from interlock.report.charts.chart import WIDTH, Spec, axis, chart, empty
from interlock.report.charts.placing import SIDES, beside, sides, ticks
from interlock.report.record import Record
from interlock.units import show

_ABOUT: Final = "Roofline of a chip with the operators of both phases"
_COLOUR: Final[Spec] = {"field": "Phase", "type": "nominal", "scale": {"domain": ["prefill", "decode"]}}
_HEIGHT: Final = 400
_NAMED: Final = 0.03  # of a phase's time, from which on an operator is named
_SHOWN: Final = 0.0005  # and shown at all


def roofline_chart(explanation: Explanation) -> Spec:
    """FLOP/s against FLOP/byte; communication, which does no work, is left out."""
    request = explanation.estimate.request
    points = [_point(line) for line in explanation.lines if line.flop > 0 and line.bytes > 0 and line.share > _SHOWN]
    if not points:
        return empty(_ABOUT, "the time of some operators on this chip is unknown")
    roofs = _roofs(request.chip, sorted({request.scheme.operand, request.scheme.wide}))
    intensities = [point["intensity"] for point in points] + [roof["ridge"] for roof in roofs if roof["ridge"]]
    low, high = min(intensities) / 2, max(intensities) * 4
    lines = [end for roof in roofs for end in _ends(roof, low, high)]
    rates = [point["rate"] for point in points] + [end["rate"] for end in lines]
    x = _axis("intensity", "FLOP for a byte read or written", low, high, "")
    y = _axis("rate", "FLOP a second on one chip", min(rates) / 2, max(rates) * 2.5, "FLOP/s")
    axes = {"x": x, "y": y}
    layers = [_roof_layer(lines), _roof_names(roofs, high), _point_layer(points), *_point_names(points, axes)]
    return chart(_ABOUT, _HEIGHT, encoding=axes, layer=layers)


def _axis(field: str, title: str, low: float, high: float, unit: str) -> Spec:
    scale = {"type": "log", "domain": [low, high], "nice": False}
    labels = {**axis(unit), "values": ticks(low, high)}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": labels}


def _point(line: Line) -> Record:
    return {
        "intensity": line.flop / line.bytes,
        "rate": line.flop / line.time_s,
        "Phase": line.phase,
        "Operator": line.operator,
        "Block": line.block,
        "Bound by": line.bound,
        "Time": show(line.time_s, "s"),
        "Share of the phase": show(line.share, "ratio"),
        "share": line.share,
    }


def _roofs(chip: Chip, formats: Sequence[str]) -> list[Record]:
    """One roof for each operand format that is used; the same roof once."""
    found: dict[float, Record] = {}
    bandwidth = chip.main.bandwidth
    for name in formats:
        used = substitute(chip, name)
        peak = (chip.peak(used[0]) or 0.0) * used[1] if used else 0.0
        if peak > 0:
            ridge = peak / bandwidth if bandwidth else None
            found.setdefault(
                peak, {"name": used[0] if used else name, "peak": peak, "bandwidth": bandwidth, "ridge": ridge}
            )
    return list(found.values())


def _ends(roof: Record, low: float, high: float) -> list[Record]:
    """The corners of a roof between two intensities."""
    corners = [low, *([roof["ridge"]] if roof["ridge"] and low < roof["ridge"] < high else []), high]
    slope = roof["bandwidth"] or math.inf
    return [{"intensity": i, "rate": min(roof["peak"], slope * i), "roof": roof["name"]} for i in corners]


def _roof_layer(lines: Sequence[Record]) -> Spec:
    mark = {"type": "line", "strokeWidth": 2, "color": "#888"}
    return {"data": {"values": list(lines)}, "mark": mark, "encoding": {"detail": {"field": "roof"}}}


def _roof_names(roofs: Sequence[Record], high: float) -> Spec:
    """What each roof is, written where it begins, above the slope; no operator can lie there."""
    values = [
        {
            "intensity": roof["ridge"] or high,
            "rate": roof["peak"],
            "text": f"{show(roof['peak'], 'FLOP/s')} {roof['name']}, dense",
        }
        for roof in roofs
    ]
    mark = {**beside("left", 8), "color": "#888"}
    return {"data": {"values": values}, "mark": mark, "encoding": {"text": {"field": "text"}}}


def _point_layer(points: Sequence[Record]) -> Spec:
    shown = ["Operator", "Block", "Phase", "Bound by", "Time", "Share of the phase"]
    return {
        "data": {"values": list(points)},
        "mark": {"type": "point", "filled": True, "opacity": 0.85},
        "encoding": {
            "color": {**_COLOUR, "legend": {"orient": "top", "title": None}},
            "size": {
                "field": "share",
                "type": "quantitative",
                "scale": {"domain": [0, 1], "range": [30, 700]},
                "legend": None,
            },
            "tooltip": [{"field": name, "type": "nominal"} for name in shown],
        },
    }


def _point_names(points: Sequence[Record], axes: Spec) -> list[Spec]:
    """The names of what takes long, as far as there is room."""
    ranked = sorted(points, key=lambda point: -point["share"])
    xs, ys = [point["intensity"] for point in ranked], [point["rate"] for point in ranked]
    names = [point["Operator"] if point["share"] >= _NAMED else "" for point in ranked]
    found = zip(ranked, names, sides(names, xs, ys, axes, (WIDTH, _HEIGHT)), strict=True)
    written = [(point, side) for point, name, side in found if name]
    return [_names_on(side, [point for point, own in written if own == side]) for side in SIDES]


def _names_on(side: str, points: Sequence[Record]) -> Spec:
    mark = {**beside(side, 12), "fontSize": 11}
    encoding = {"text": {"field": "Operator"}, "color": _COLOUR}
    return {"data": {"values": list(points)}, "mark": mark, "encoding": encoding}
