"""A100: peak from its clock, and the bound of Llama 2 7B that published rates respect."""

from interlock.exhibits.base import Reproduction, claim, exactly, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, clocked, decode_bound, measured, peak
from interlock.exhibits.model_size import weights_bytes
from interlock.hardware import chip

CLAIM = claim("312 TFLOP/s dense BF16, 400 W, 826 mm2", "NVIDIA A100 datasheet; the survey; the accelerator review")


def run() -> Reproduction:
    """2.04 TB/s over 13.5 GB bound Llama 2 7B at FP16 to 151 tokens a second."""
    bound = decode_bound("llama-2-7b", "a100-80g")
    return chip_exhibit(
        "a100-80g",
        within(
            "108 SM x 2048 FLOP x 1.41 GHz",
            peak("a100-80g", "bf16") / 1e12,
            clocked("a100-80g", 2048) / 1e12,
            0.005,
            "TFLOP/s",
        ),
        within("weights of Llama 2 7B at FP16", 13.5, weights_bytes("llama-2-7b") / 1e9, 0.01, "GB"),
        within("decode bound of Llama 2 7B at FP16", 151, bound, 0.01, "token/s"),
        measured("a100-80g-llama-2-7b-gpt-fast", bound),
        measured("a100-40g-llama-2-7b-trtllm", decode_bound("llama-2-7b", "a100-40g")),
        measured("a100-80g-4x-llama-2-70b-gpt-fast", decode_bound("llama-2-70b", "a100-80g", chips=4)),
        exactly("board power", 400, chip("a100-80g").tdp or 0, "W"),
        within("memory bandwidth", 2.04, bandwidth("a100-80g") / 1e12, 0.005, "TB/s"),
    )
