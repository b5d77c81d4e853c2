"""ResNet-50: the count and its bytes at FP32."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.convolutional import flop, parameters

CLAIM = claim("25 million parameters, about 100 MB", "the survey, I")


def run() -> Reproduction:
    """From its layer table: parameters, bytes at 32 bits, and multiply-adds at 224 pixels."""
    total = parameters("resnet-50")
    return reproduction(
        exactly("parameters", 25_557_032, total),
        within("weights at FP32", 102, total * 4 / 1e6, 0.01, "MB", "printed 100 MB, at FP32; the same at FP16 is 51"),
        within("work of one image", 8.18, flop("resnet-50") / 1e9, 0.01, "GFLOP", "4.09 billion multiply-adds"),
    )
