"""Gemini: the two Nano sizes explain two rows of the slides' size table; Pro and Ultra are undisclosed."""

from interlock.exhibits.base import Reproduction, exactly, reproduction
from interlock.exhibits.facts import fact, table
from interlock.exhibits.undisclosed import disclosure, undisclosed_figures

CLAIM = disclosure("gemini")


def run() -> Reproduction:
    """The table's two odd rows are the published Nano sizes."""
    rows = [row["parameters"] for row in table("model_size_table")["rows"]]
    figures = []
    for name in ("gemini-nano-2", "gemini-nano-1"):
        size = fact(name)
        nearest = min(rows, key=lambda row: abs(row - size.value))
        figures.append(exactly(f"row of the size table that is {size.what}", size.value, nearest, size.unit))
    return reproduction(*figures, *undisclosed_figures("gemini"))
