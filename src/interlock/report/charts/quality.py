"""Measured quality against bits and against predicted speed, one point a technique with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from interlock.report.charts.chart import Spec, chart, empty

_ABOUT: Final = {
    "bits_per_linear_weight": "Measured perplexity against bits of a linear weight",
    "predicted_speedup": "Measured perplexity against predicted speed of decoding",
}
_TITLES: Final = {
    "bits_per_linear_weight": "Bits of a linear weight, scales included (lower is smaller)",
    "predicted_speedup": "Predicted decoding speed, times the original's (higher is better)",
}
_HEIGHT: Final = 360
_SHOWN: Final = {"label": "Technique", "bits": "Bits a weight", "interval": "Perplexity", "loss": "More perplexity"}


def quality_chart(rows: Sequence[dict[str, Any]], across: str) -> Spec:
    """Perplexity up, logarithmic, with 95 % intervals of the paired difference; the dashed line is the original.

    Args:
        rows: of `quality_row`, the original first.
        across: "bits_per_linear_weight" or "predicted_speedup".
    """
    about = _ABOUT[across]
    original = rows[0]["perplexity"]
    values = [
        _value(row, across, original)
        for row in rows[1:]
        if row.get(across) is not None and row["perplexity"] is not None
    ]
    if not values:
        return empty(about, "nothing was measured")
    x = {"field": "x", "type": "quantitative", "title": _TITLES[across], "scale": {"zero": False}}
    scale = {"type": "log", "zero": False, "nice": False, "padding": 12}
    y = {"field": "y", "type": "quantitative", "title": "Perplexity (lower is better)", "scale": scale}
    colour = {"field": "technique", "type": "nominal", "title": None, "legend": {"orient": "top", "columns": 5}}
    shown = [{"field": name, "type": "nominal", "title": title} for name, title in _SHOWN.items()]
    data = {"values": values}
    layers: list[Spec] = [
        {
            "data": {"values": [{"y": original}]},
            "mark": {"type": "rule", "strokeDash": [5, 4], "color": "#8a8f98"},
            "encoding": {"y": y},
        },
        {
            "data": data,
            "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.6},
            "encoding": {"x": x, "y": y, "color": colour},
        },
        {
            "data": data,
            "mark": {"type": "rule", "opacity": 0.4},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour},
        },
        {
            "data": data,
            "mark": {"type": "point", "filled": True, "size": 70},
            "encoding": {"x": x, "y": y, "color": colour, "tooltip": shown},
        },
    ]
    return chart(about, _HEIGHT, layer=layers)


def _value(row: dict[str, Any], across: str, original: float) -> dict[str, Any]:
    loss, low, high = (row[name] for name in ("perplexity_loss", "perplexity_loss_low", "perplexity_loss_high"))
    return {
        "x": row[across],
        "y": row["perplexity"],
        "low": original * (1.0 + low) if low is not None else None,
        "high": original * (1.0 + high) if high is not None else None,
        "technique": row["technique"],
        "label": row["label"],
        "bits": f"{row['bits_per_linear_weight']:.3g}",
        "interval": f"{row['perplexity']:.4g} ({row['perplexity_low']:.4g} to {row['perplexity_high']:.4g})",
        "loss": "unknown" if loss is None else f"{100 * loss:.3g} % ({100 * low:.3g} to {100 * high:.3g})",
    }
