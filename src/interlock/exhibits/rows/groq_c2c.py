"""Groq C2C: sixteen links of four lanes, scheduled by the compiler so that no two messages meet."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.hardware import chip

CLAIM = claim("C2C links of 30 Gb/s", "the accelerator review, Table 3")


def schedule(chips: int) -> list[list[tuple[int, int]]]:
    """All-to-all among fully connected chips: in round r every chip sends to the r-th after it."""
    return [[(source, (source + step) % chips) for source in range(chips)] for step in range(1, chips)]


def run() -> Reproduction:
    """The sum of a chip's links, and eight chips exchanging everything with no link or port used twice at a time."""
    link = chip("groq-lpu").links["scale_up"]
    rounds = schedule(8)
    free = all(len({a for a, _ in step}) == len({b for _, b in step}) == 8 == len(set(step)) for step in rounds)
    sent = {pair for step in rounds for pair in step}
    return reproduction(
        exactly("16 links x 4 lanes x 30 Gbit/s", 1920, 16 * 4 * 30, "Gbit/s"),
        exactly("one direction", 240, (link.bandwidth or 0) / 1e9, "GB/s"),
        exactly("one link", 15, (link.pair_bandwidth or 0) / 1e9, "GB/s"),
        exactly("pairs served in seven rounds", 8 * 7, len(sent)),
        holds("no link and no port carries two messages in a round", free),
    )
