"""Tensix NoC: a 2D torus on the die; the traffic of a multicast matrix product, hop by hop."""

from itertools import product

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.exhibits.interconnect import torus_hops, torus_links, torus_links_across
from interlock.hardware import chip

CLAIM = claim("NoC (torus), 192 GB/s chip to chip", "the accelerator review, Table 3")
SIDES = (10, 12)


def multicast(sources: list[tuple[int, int]], axis: int) -> int:
    """Links that one tile from each source crosses on its way round its row or column, to all others there."""
    crossed = 0
    for source in sources:
        here = list(source)
        for _ in range(SIDES[axis] - 1):
            here[axis] = (here[axis] + 1) % SIDES[axis]
            crossed += 1
    return crossed


def run() -> Reproduction:
    """120 cores as 10 x 12: each core's block of A goes along its row, its block of B along its column."""
    cores = list(product(range(SIDES[0]), range(SIDES[1])))
    simulated = multicast(cores, 0) + multicast(cores, 1)
    analytic = len(cores) * ((SIDES[0] - 1) + (SIDES[1] - 1))
    mean = sum(torus_hops(SIDES, (0, 0), place) for place in cores) / len(cores)
    return reproduction(
        exactly("cores of the torus", chip("grayskull-e150").engines["matrix"].cores or 0, len(cores)),
        exactly("links of the torus, 2 a core", 2 * len(cores), len(torus_links(SIDES))),
        exactly("links that a cut through the middle severs", 2 * 10, torus_links_across(SIDES)),
        exactly("tile hops of a multicast product", analytic, simulated),
        exactly("mean hops between cores: a quarter of each side", 10 / 4 + 12 / 4, mean),
        holds(
            "it joins no chips: the record has PCIe alone",
            "PCIe" in chip("grayskull-e150").links["scale_up"].technology,
        ),
    )
