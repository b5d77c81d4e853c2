"""Number formats: error against bits, and where the numbers of each lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from interlock.numerics import codec
from interlock.numerics.survey import Survey
from interlock.report.charts.chart import Spec, chart, empty

_ABOUT: Final = "Error of number formats against the bits they store"
_LINES: Final = "The numbers of each format, largest at 1"
_MOST: Final = 256  # numbers that a line can show


def format_error_chart(found: Sequence[Survey]) -> Spec:
    """Relative RMS error, logarithmic, against bits an element with scales."""
    rows = [
        {
            "Format": each.name,
            "bits": each.bits,
            "error": each.relative_error,
            "Bits": f"{each.bits:.5g}",
            "Relative error": f"{each.relative_error:.3%}",
        }
        for each in found
        if each.relative_error > 0
    ]
    if not rows:
        return empty(_ABOUT, "no format errs on this tensor")
    x = {"field": "bits", "type": "quantitative", "title": "Bits stored for an element, scales included",
         "scale": {"zero": False}}  # fmt: skip
    y = {"field": "error", "type": "quantitative", "title": "Relative RMS error", "scale": {"type": "log"},
         "axis": {"format": ".1~%"}}  # fmt: skip
    shown = [{"field": name, "type": "nominal"} for name in ("Format", "Bits", "Relative error")]
    points = {"mark": {"type": "point", "filled": True, "size": 60}, "encoding": {"tooltip": shown}}
    words = {
        "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": 10},
        "encoding": {"text": {"field": "Format"}},
    }
    return chart(_ABOUT, 380, data={"values": rows}, encoding={"x": x, "y": y}, layer=[points, words])


def number_line_chart(names: Sequence[str]) -> Spec:
    """A tick for each number of a format, scaled so that the largest is 1."""
    rows = []
    for name in names:
        levels = codec(name).levels()
        if levels is not None and len(levels) <= _MOST:
            rows += [{"Format": name, "number": float(value)} for value in levels / np.abs(levels).max()]
    if not rows:
        return empty(_LINES, "the numbers of these formats are too many to draw, or depend on the tensor")
    x = {"field": "number", "type": "quantitative", "title": "Number / largest number"}
    y = {"field": "Format", "type": "nominal", "title": None, "sort": None}
    count = len({row["Format"] for row in rows})
    return chart(_LINES, 24 * count + 10, data={"values": rows}, mark={"type": "tick", "thickness": 1, "size": 16},
                 encoding={"x": x, "y": y})  # fmt: skip
