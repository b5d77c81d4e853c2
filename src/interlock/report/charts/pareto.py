"""The front of a plan: speed for one user against cost, with what other chips can do at best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from interlock.report.charts.chart import WIDTH, Spec, chart, empty, log_axis, row, tooltip
from interlock.report.charts.placing import SIDES, beside, sides
from interlock.report.deployments import deployments
from interlock.report.figures import Figure, figures_of
from interlock.report.record import Record
from interlock.search import Plan

_ABOUT: Final = "Pareto front of a deployment plan"
_HEIGHT: Final = 380
_COSTS: Final = {
    "cost": ("usd_per_million_output_tokens", "usd_per_million_requests"),
    "energy": ("joules_per_output_token", "joules_per_request"),
    "throughput": ("tokens_per_s_per_chip", "requests_per_s_per_chip"),
}
_BEST, _FRONT, _OTHER = "recommended", "front", "best of another chip"
_GREY: Final = "#8a8f98"
_RED: Final = "#d64545"


def pareto_chart(plan: Plan) -> Spec:
    """Speed against cost, both logarithmic; against energy or throughput where no price is known."""
    rows = _rows(plan)
    if not rows:
        return empty(_ABOUT, "no deployment meets the goals")
    figures = figures_of(plan.space.model)
    x, y = _axes(plan, figures, rows)
    rows = [item for item in rows if (item[x.key] or 0) > 0 and (item[y.key] or 0) > 0]
    if not rows:
        return empty(_ABOUT, f"{y.title} is unknown for every deployment")
    bound = {"tpot_s": plan.goals.tpot_s, "ttft_s": plan.goals.ttft_s, "latency_s": plan.goals.latency_s}[x.key]
    xs = [item[x.key] for item in rows] + ([bound] if bound else [])
    axes = {"x": log_axis(x, xs), "y": log_axis(y, [item[y.key] for item in rows])}
    layers = (_limit(bound, x, axes) if bound else []) + _layers(rows, axes, figures, x, y)
    return chart(_ABOUT, _HEIGHT, layer=layers)


def _rows(plan: Plan) -> list[Record]:
    """The recommended deployment first, then the front, then the best of each other chip, the closest first."""
    found = deployments(plan)
    named = [(e, _BEST if e is plan.recommended else _FRONT) for e in found]
    named += [(runner.estimate, _OTHER) for runner in plan.runners if runner.estimate is not None]
    return [{**row(estimate), "Chip": estimate.request.chip.id, "Role": role} for estimate, role in named]


def _axes(plan: Plan, figures: Sequence[Figure], rows: Sequence[Record]) -> tuple[Figure, Figure]:
    """The time that users feel, and the first cost that is known, the plan's objective before others."""
    by_key = {figure.key: figure for figure in figures}
    speed = "latency_s" if "tpot_s" not in by_key else "ttft_s" if plan.goals.objective == "ttft" else "tpot_s"
    order = sorted(_COSTS, key=lambda name: name != plan.goals.objective)
    keys = [key for name in order for key in _COSTS[name] if key in by_key]
    known = (key for key in keys if any(item[key] is not None for item in rows))
    return by_key[speed], by_key[next(known, keys[0])]


def _layers(rows: Sequence[Record], axes: Spec, figures: Sequence[Figure], x: Figure, y: Figure) -> list[Spec]:
    shown = [item for item in rows if item["Role"] != _OTHER]
    others = [item for item in rows if item["Role"] == _OTHER]
    tips = {**axes, "tooltip": tooltip(figures, "Chip", "Role")}
    line = {"type": "line", "strokeWidth": 1.5, "color": _GREY, "opacity": 0.6}
    point = {"type": "point", "filled": True, "opacity": 1}
    hollow = {"type": "point", "filled": False, "color": _GREY, "size": 45}
    return [
        _layer(_stairs(shown, x, y), line, axes),
        _layer(others, hollow, tips),
        _layer(shown, point, {**tips, **_look(list(dict.fromkeys(item["Chip"] for item in shown)))}),
        *_names(shown, others, axes, x, y),
    ]


def _look(chips: list[str]) -> Spec:
    """Colour by chip; the recommended deployment is a large diamond."""
    test = f"datum.Role == '{_BEST}'"
    scale = {"domain": chips, "scheme": "tableau10" if len(chips) <= 10 else "tableau20"}
    legend = {"orient": "top", "columns": 6, "title": None}
    return {
        "color": {"field": "Chip", "type": "nominal", "scale": scale, "legend": legend},
        "shape": {"condition": {"test": test, "value": "diamond"}, "value": "circle"},
        "size": {"condition": {"test": test, "value": 320}, "value": 70},
    }


def _stairs(rows: Sequence[Record], x: Figure, y: Figure) -> list[Record]:
    """What no other of the rows beats in both axes that are drawn."""
    best: list[Record] = []
    for item in sorted(rows, key=lambda item: (item[x.key], item[y.key] * (-1 if y.more_is_better else 1))):
        if not best or (item[y.key] > best[-1][y.key] if y.more_is_better else item[y.key] < best[-1][y.key]):
            best.append(item)
    return best


def _names(shown: Sequence[Record], others: Sequence[Record], axes: Spec, x: Figure, y: Figure) -> list[Spec]:
    """Names beside the recommended point and, as far as there is room, those of other chips."""
    known = sorted([*shown, *others], key=lambda item: item["Role"] != _BEST)
    names = [{_BEST: _BEST, _FRONT: ""}.get(item["Role"], item["Chip"]) for item in known]
    xs, ys = [item[x.key] for item in known], [item[y.key] for item in known]
    found = sides(names, xs, ys, axes, (WIDTH, _HEIGHT), always=names.count(_BEST))
    rows = [{**item, "name": name, "side": side} for item, name, side in zip(known, names, found, strict=True)]
    return [_text(rows, side, axes, best) for side in SIDES for best in (True, False)]


def _text(rows: Sequence[Record], side: str, axes: Spec, best: bool) -> Spec:
    look = {"fontSize": 12, "fontWeight": "bold"} if best else {"fontSize": 10, "color": _GREY}
    mark = {**beside(side, 12 if best else 9), **look}
    written = [item for item in rows if item["name"] and item["side"] == side and (item["Role"] == _BEST) is best]
    return _layer(written, mark, {**axes, "text": {"field": "name"}})


def _limit(bound: float, x: Figure, axes: Spec) -> list[Spec]:
    """The limit on the horizontal axis, as a dashed rule."""
    rule = {"type": "rule", "strokeDash": [5, 4], "color": _RED}
    text = {"type": "text", "align": "right", "dx": -5, "y": 8, "color": _RED, "text": f"limit {x.text(bound)}"}
    return [_layer([{x.key: bound}], mark, {"x": axes["x"]}) for mark in (rule, text)]


def _layer(rows: Sequence[Record], mark: Spec, encoding: dict[str, Any]) -> Spec:
    return {"data": {"values": list(rows)}, "mark": mark, "encoding": encoding}
