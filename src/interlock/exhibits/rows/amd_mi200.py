"""MI200: the AMD generation that DeepSpeed supports; software sees each of its two dies as a GPU."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, clocked, decode_bound, measured, peak
from interlock.exhibits.facts import table

CLAIM = claim("DeepSpeed supports (MI200) of the AMD parts", "the accelerator review, Table 4")


def run() -> Reproduction:
    """The dated entry of the support matrix, the package as two dies, and a published rate under its bound."""
    matrix, die = table("support_matrix"), "mi250x-gcd"
    entry = matrix["rows"]["AMD MI300X"][matrix["columns"].index("deepspeed")]
    return chip_exhibit(
        die,
        holds("transcribed, with a year", entry == "MI200" and matrix["as_of"] >= 2023),
        within("220 CU x 1024 FLOP x 1.7 GHz", 383, clocked("mi250x", 1024) / 1e12, 0.005, "TFLOP/s"),
        exactly("package over one die, FP16", 2, peak("mi250x", "fp16") / peak(die, "fp16")),
        within("package over one die, bandwidth", 2, bandwidth("mi250x") / bandwidth(die), 0.001),
        measured("mi250x-gcd-llama-2-7b-gpt-fast", decode_bound("llama-2-7b", die)),
    )
