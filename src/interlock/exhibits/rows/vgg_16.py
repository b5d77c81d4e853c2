"""VGG-16: the count."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.convolutional import flop, parameters

CLAIM = claim("138 million parameters", "Simonyan and Zisserman 2014, table 2")


def run() -> Reproduction:
    """From its layer table: parameters, and work of one image of 224 pixels."""
    return reproduction(
        exactly("parameters", 138_357_544, parameters("vgg-16")),
        within("work of one image", 30.9, flop("vgg-16") / 1e9, 0.01, "GFLOP", "15.5 billion multiply-adds"),
    )
