"""A decade of mobile processors: the same area, twenty times the transistors."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction, within
from interlock.hardware import chip

CLAIM = claim("2013 to 2023: about 100 mm2, 28 to 3 nm, 1 to over 20 billion transistors", "the mobile slides, trends")


def run() -> Reproduction:
    """The density that follows, its growth a year, and what the names of the nodes would explain. A trend only."""
    before, after, years = 1e9 / 100, 20e9 / 100, 10
    soc = chip("dimensity-9300")
    density = (soc.transistors or 0) / ((soc.die_area or 1) * 1e6)
    return reproduction(
        exactly("density over the decade", 20, after / before),
        within("growth a year", 1.349, (after / before) ** (1 / years), 0.001),
        within(
            "if densities followed the names, 28 to 3 nm",
            87,
            (28 / 3) ** 2,
            0.01,
            note="the names shrink faster than circuits",
        ),
        within("density of the Dimensity 9300 over that of 2013", 16.2, density / before, 0.05),
        holds(
            "the trend enters no estimate: an unknown die stays unknown", chip("snapdragon-8-elite").transistors is None
        ),
    )
