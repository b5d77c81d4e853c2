"""What lies in each chip's memory, deployment by deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from interlock.inference.estimate import Estimate
from interlock.report.charts.chart import Spec, chart, empty, prefixed
from interlock.report.deployments import deployments, label
from interlock.report.record import Record, estimate_record
from interlock.search import Plan
from interlock.units import show

_ABOUT: Final = "Memory of one chip: weights, KV cache, activations, free"
_PARTS: Final = {
    "weights": ("weights_bytes", "#4c78a8"),
    "KV cache": ("kv_bytes", "#f58518"),
    "activations": ("activation_bytes", "#54a24b"),
    "free": ("free_bytes", "#b8bcc2"),
}


def memory_chart(result: Plan | Estimate) -> Spec:
    """Bytes on the fullest chip; a tick marks what a model may fill, and bars beyond it spill."""
    shown = deployments(result) if isinstance(result, Plan) else (result,)
    rows = [item for estimate in shown for item in _rows(estimate)]
    if not rows:
        return empty(_ABOUT, "no deployment meets the goals" if not shown else "the chip's memory is not published")
    names = [label(estimate) for estimate in shown]
    y: Spec = {"field": "Deployment", "type": "nominal", "sort": names, "title": None}
    y["axis"] = {"ticks": False, "domain": False, "labelPadding": 6}
    x = {"field": "bytes", "type": "quantitative", "title": "Memory of one chip", "axis": {"labelExpr": prefixed("B")}}
    bars = {
        "mark": {"type": "bar"},
        "encoding": {
            "x": x,
            "color": {
                "field": "Part",
                "type": "nominal",
                "scale": {"domain": list(_PARTS), "range": [colour for _, colour in _PARTS.values()]},
                "legend": {"orient": "top", "title": None},
            },
            "order": {"field": "place", "type": "quantitative"},
            "tooltip": [{"field": name, "type": "nominal"} for name in ("Deployment", "Part", "Bytes", "Usable")],
        },
    }
    tick = {
        "mark": {"type": "tick", "thickness": 2, "color": "#888"},
        "encoding": {"x": {"field": "usable", "type": "quantitative", "aggregate": "max"}},
    }
    return chart(_ABOUT, max(24 * len(shown), 48), data={"values": rows}, encoding={"y": y}, layer=[bars, tick])


def _rows(estimate: Estimate) -> Sequence[Record]:
    record = estimate_record(estimate)
    return [
        {
            "Deployment": label(estimate),
            "Part": part,
            "place": place,
            "bytes": record[key],
            "Bytes": show(record[key], "B"),
            "usable": record["usable_bytes"],
            "Usable": show(record["usable_bytes"], "B"),
        }
        for place, (part, (key, _)) in enumerate(_PARTS.items())
        if record[key] is not None
    ]
