"""AlexNet: the count of the variant that is in use."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.convolutional import parameters

CLAIM = claim("60 million parameters", "Krizhevsky et al. 2012, abstract; the mobile slides")


def run() -> Reproduction:
    """From its layer table, one tower."""
    total = parameters("alexnet")
    return reproduction(exactly("parameters", 61_100_840, total), within("as published", 60e6, total, 0.02))
