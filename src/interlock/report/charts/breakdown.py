"""Where the time of each phase goes, block by block."""

from __future__ import annotations

import math
from typing import Final

from interlock.inference.explanation import Explanation, Phase
from interlock.report.charts.chart import Spec, chart, empty
from interlock.report.record import Record
from interlock.units import show

_ABOUT: Final = "Time of each phase by block"
_PHASES: Final[tuple[Phase, ...]] = ("prefill", "decode")
_TITLES: Final = {"prefill": "one prefill", "decode": "one decode step"}


def breakdown_chart(explanation: Explanation) -> Spec:
    """One bar a phase, as shares, since a prefill may be a hundred times longer than a step; seconds are beside it."""
    rows = [item for phase in _PHASES for item in _rows(explanation, phase)]
    if not rows:
        return empty(_ABOUT, "the time of some operators on this chip is unknown")
    order = list(dict.fromkeys(item["Block"] for item in sorted(rows, key=lambda item: -item["time_s"])))
    encoding = {
        "y": {
            "field": "phase",
            "type": "nominal",
            "title": None,
            "sort": list(dict.fromkeys(item["phase"] for item in rows)),
            "axis": {"ticks": False, "domain": False, "labelFontSize": 12, "labelPadding": 8},
        },
        "x": {
            "field": "time_s",
            "type": "quantitative",
            "stack": "normalize",
            "title": "Share of the phase",
            "axis": {"format": ".0%"},
        },
        "color": {
            "field": "Block",
            "type": "nominal",
            "sort": order,
            "scale": {"domain": order, "scheme": "tableau10"},
            "legend": {"orient": "bottom", "columns": 6, "title": None},
        },
        "order": {"field": "place", "type": "quantitative"},
        "tooltip": [{"field": name, "type": "nominal"} for name in ("phase", "Block", "Time", "Share")],
    }
    values = [{**item, "place": order.index(item["Block"])} for item in rows]
    return chart(
        _ABOUT,
        46 * len({item["phase"] for item in rows}),
        data={"values": values},
        mark={"type": "bar"},
        encoding=encoding,
    )


def _rows(explanation: Explanation, phase: Phase) -> list[Record]:
    if not all(math.isfinite(line.share) for line in explanation.lines if line.phase == phase):
        return []  # some operator has no known time, so shares would mislead
    blocks = explanation.blocks(phase)
    total = sum(blocks.values())
    title = f"{_TITLES[phase]}, {show(total, 's')}"
    return [
        {
            "phase": title,
            "Block": block,
            "time_s": seconds,
            "Time": show(seconds, "s"),
            "Share": show(seconds / total, "ratio"),
        }
        for block, seconds in blocks.items()
        if 0 < seconds < float("inf")
    ]
