"""Where ticks and names go on logarithmic axes, so that they stay readable.

idea: a name is written only where it covers no point and no name before it, reckoned in pixels of the nominal size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

SIDES: Final = ("right", "left", "above")
_Span = tuple[float, float, float]  # left, right, height
_CHARACTER: Final = 6.5  # pixels, about
_LINE: Final = 10.0
_POINT: Final = 4.0  # half of a point
_GAP: Final = 8.0  # between a point and its name


def ticks(low: float, high: float, steps: Sequence[int] = (1, 2, 5)) -> list[float]:
    """Round values between two positive numbers: 1, 2 and 5 of each decade, or 1 where there are many decades."""
    chosen = steps if high / low < 1e3 else (1,)
    return [value for value in _round(low, high, chosen) if low <= value <= high]


def _round(low: float, high: float, steps: Sequence[int]) -> Iterator[float]:
    for decade in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for step in steps:
            yield float(f"{step}e{decade}")


def sides(
    names: Sequence[str],
    x: Sequence[float],
    y: Sequence[float],
    axes: Mapping[str, Any],
    size: tuple[float, float],
    always: int = 0,
) -> list[str]:
    """The side of its point on which each name has room: one of `SIDES`, or "" for none.

    Args:
        names: the texts, the most important first.
        x: positions of the points, positive.
        y: the same, on the other axis.
        axes: the two encodings, which hold the domains of the logarithmic scales.
        size: width and height of the plot in pixels.
        always: how many of the first are written in any case.
    """
    across, up = _pixels(x, axes["x"], size[0]), _pixels(y, axes["y"], size[1])
    taken = [(px - _POINT, px + _POINT, py) for px, py in zip(across, up, strict=True)]
    found: list[str] = []
    for name, px, py in zip(names, across, up, strict=True):
        spans = _spans(_CHARACTER * len(name), px, py)
        room = (side for side, span in spans.items() if span[0] >= 0 and span[1] <= size[0] and _free(span, taken))
        side = next(room, "above" if len(found) < always else "")
        found.append(side)
        if side:
            taken.append(spans[side])
    return found


def beside(side: str, gap: float) -> dict[str, Any]:
    """The part of a text mark that puts it on a side of its point."""
    places = {
        "right": {"align": "left", "dx": gap, "dy": 0},
        "left": {"align": "right", "dx": -gap, "dy": 0},
        "above": {"align": "center", "dx": 0, "dy": -gap - 4},
    }
    return {"type": "text", "baseline": "middle", **places[side]}


def _spans(width: float, x: float, y: float) -> dict[str, _Span]:
    return {
        "right": (x + _GAP, x + _GAP + width, y),
        "left": (x - _GAP - width, x - _GAP, y),
        "above": (x - width / 2, x + width / 2, y + _GAP + 6),
    }


def _free(span: _Span, taken: Sequence[_Span]) -> bool:
    return all(span[1] < left or span[0] > right or abs(span[2] - y) > _LINE for left, right, y in taken)


def _pixels(values: Sequence[float], encoding: Mapping[str, Any], length: float) -> list[float]:
    low, high = encoding["scale"]["domain"]
    return [math.log(value / low) / math.log(high / low) * length for value in values]
