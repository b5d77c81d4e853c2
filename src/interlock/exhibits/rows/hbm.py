"""HBM: stacks times width times pin rate."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.datasheet import bandwidth

CLAIM = claim("HBM3, 8192 bit, 5.3 TB/s", "the mobile slides, More limitations")


def run() -> Reproduction:
    """Eight stacks of 1024 bit at 5.2 Gbit/s are the MI300X; five at 5.2 the H100."""
    stack = 1024 * 5.2e9 / 8
    return reproduction(
        exactly("8 stacks x 1024 bit", 8192, 8 * 1024, "bit"),
        within("8 stacks x 1024 bit x 5.2 Gbit/s", 5.325, 8 * stack / 1e12, 0.001, "TB/s"),
        within("bandwidth of the MI300X", 8 * stack / 1e12, bandwidth("mi300x") / 1e12, 0.01, "TB/s"),
        within("five such stacks, bandwidth of the H100", 5 * stack / 1e12, bandwidth("h100-sxm") / 1e12, 0.01, "TB/s"),
    )
