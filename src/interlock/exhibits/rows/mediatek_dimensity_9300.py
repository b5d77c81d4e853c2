"""Dimensity 9300: the bound of a 7B model at 4 bits, and the vendor's speed below it."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, within
from interlock.exhibits.datasheet import bandwidth, capacity, chip_exhibit
from interlock.exhibits.facts import fact
from interlock.exhibits.mobile import token_rate

CLAIM = claim(
    "8~24 GB, 76.8 GB/s, ~50 TOP/s, under 10 W (a generic mobile processor)", "the mobile slides, More limitations"
)


def run() -> Reproduction:
    """21.9 tokens a second and no more; the faster successor's claim says that it speculates."""
    bound, faster = token_rate(7, "int4"), fact("dimensity-9300-plus-7b-speculative")
    return chip_exhibit(
        "dimensity-9300",
        within("bound of 7 billion parameters at INT4", 21.9, bound, 0.005, "token/s"),
        below(fact("dimensity-9300-7b").what, bound, fact("dimensity-9300-7b").value, "token/s"),
        above(f"{faster.what}: more than one token a pass, so above the bound of one", bound, faster.value, "token/s"),
        within("bandwidth", 76.8, bandwidth("dimensity-9300") / 1e9, 1e-9, "GB/s"),
        exactly("capacity, the largest configuration", 24, capacity("dimensity-9300") / 2**30, "GiB"),
        weight="int4-g128",
    )
