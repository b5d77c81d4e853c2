"""RaPiD: peaks of three precisions from one array."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.datasheet import clocked, peak
from interlock.exhibits.tiny_training import Scheme, reference_loss, train
from interlock.numerics.hybrid_fp8 import HybridFp8

CLAIM = claim("26.2 TFLOPS hybrid FP8 and 104.9 TOPS INT4", "Venkataramani et al., ISCA 2021")


def run() -> Reproduction:
    """FP16 : hybrid FP8 : INT4 = 1 : 2 : 8, the clock that gives them, and training in hybrid FP8."""
    made = HybridFp8()
    hybrid = train(Scheme(forward=made.forward.quantize, backward=made.backward.quantize)).loss
    fp16, fp8, int4 = (peak("rapid", name) / 1e12 for name in ("fp16", "fp8", "int4"))
    return reproduction(
        exactly("hybrid FP8 over FP16", 2, fp8 / fp16),
        exactly("INT4 over FP16", 8, int4 / fp16),
        within("4 cores x 2000 FLOP x 1.6 GHz", fp16, clocked("rapid", 2000) / 1e12, 0.001, "TFLOP/s"),
        within("paper's hybrid FP8", 26.2, fp8, 0.03, "TFLOP/s", "the record has 25.6, at 1.6 GHz"),
        within(
            "loss of a small language model trained in hybrid FP8, over FP32's", 1.0, hybrid / reference_loss(), 0.01
        ),
        within("paper's INT4", 104.9, int4, 0.03, "TOP/s"),
    )
