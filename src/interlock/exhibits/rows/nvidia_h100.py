"""H100: printed peaks are with 2:4 sparsity; the dense ones follow from the clock."""

from interlock.exhibits.base import Reproduction, claim, misprint, within
from interlock.exhibits.datasheet import chip_exhibit, clocked, decode_bound, engine, measured, peak

CLAIM = claim("3,958 TFLOPS FP8, 1,979 TFLOPS FP16, 700 W, 3.35 TB/s", "the accelerator review, Tables 1 and 2")


def run() -> Reproduction:
    """Dense and sparse peaks apart, and public 70B rates under the bound of four chips."""
    name, sparse = "h100-sxm", engine("h100-sxm").sparsity_factor
    bf16, fp8 = peak(name, "bf16") / 1e12, peak(name, "fp8") / 1e12
    return chip_exhibit(
        name,
        within("dense BF16, 132 SM x 4096 FLOP x 1.83 GHz", 989.4, clocked(name, 4096) / 1e12, 0.005, "TFLOP/s"),
        misprint("BF16, printed 1,979", 1979, bf16, "TFLOP/s", "with 2:4 sparsity"),
        within("printed FP16 = sparse", 1979, sparse * bf16, 0.001, "TFLOP/s"),
        misprint("FP8, printed 3,958", 3958, fp8, "TFLOP/s", "with 2:4 sparsity"),
        within("printed FP8 = sparse", 3958, sparse * fp8, 0.001, "TFLOP/s"),
        measured("h100-4x-llama-2-70b-trtllm", decode_bound("llama-2-70b", name, chips=4)),
        measured("h100-llama-2-7b-trtllm", decode_bound("llama-2-7b", name)),
        model="llama-2-70b",
        chips=4,
    )
