"""Chiplets: yield makes small dies cheaper above some density of defects, and the links between them cap the gain."""

import itertools
import math

from interlock.exhibits.base import Reproduction, above, claim, exactly, holds, reproduction, within

CLAIM = claim("chiplets, 2.5D and 3D packaging", "the mobile slides; the accelerator review")

# Assumed: clustering 3, wafers of 300 mm, 10 % more area for links, packaging at 30 % of the cost of a good large die.
CLUSTERING, WAFER_MM, LINK_AREA, PACKAGE = 3.0, 300.0, 0.10, 0.30


def dies(area_mm2: float) -> float:
    """Whole dies of a wafer, by the usual estimate for its edge."""
    return math.pi * WAFER_MM**2 / 4 / area_mm2 - math.pi * WAFER_MM / math.sqrt(2 * area_mm2)


def die_yield(area_mm2: float, defects_cm2: float) -> float:
    """Negative binomial: (1 + A D / alpha) ** -alpha."""
    return float((1 + area_mm2 / 100 * defects_cm2 / CLUSTERING) ** -CLUSTERING)


def cost(area_mm2: float, parts: int, defects_cm2: float) -> float:
    """Wafers for one working package of so much logic in so many dies; more than one need links and a package."""
    each = area_mm2 / parts * (1 + LINK_AREA * (parts > 1))
    silicon = parts / (dies(each) * die_yield(each, defects_cm2))
    return silicon + (PACKAGE / dies(area_mm2) if parts > 1 else 0.0)


def speedup(parts: int, compute_s: float, moved_bytes: float, link_bytes_s: float) -> float:
    """Over one die: work is divided, but each further die must exchange its data over one link."""
    if parts == 1:
        return 1.0
    return compute_s / max(compute_s / parts, moved_bytes / link_bytes_s)


def run() -> Reproduction:
    """800 mm2 as one die or as four: the crossing, and the yield formula's limits."""
    crossing = next(d / 1000 for d in range(1, 1000) if cost(800, 4, d / 1000) < cost(800, 1, d / 1000))
    gains = [speedup(parts, 1.0, 1e11, 1e12) for parts in (1, 2, 4, 8, 16, 32)]
    return reproduction(
        exactly("yield without defects", 1, die_yield(800, 0.0)),
        within("yield of 800 mm2 at 0.1 a cm2", 0.492, die_yield(800, 0.1), 0.001),
        above("four dies save at 0.2 a cm2", 1.2, cost(800, 1, 0.2) / cost(800, 4, 0.2)),
        holds("and one die at 0.01", cost(800, 1, 0.01) < cost(800, 4, 0.01), f"crossing at {crossing:.3f} a cm2"),
        exactly(
            "with links that move the data in a tenth of the work, 16 and 32 dies gain no more than", 10, gains[-1]
        ),
        holds("more dies never slow it down", all(a <= b for a, b in itertools.pairwise(gains))),
    )
