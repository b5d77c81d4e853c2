"""Memory wall: on the chips of the review's Table 1, decoding waits for memory and prefill for arithmetic."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.datasheet import bandwidth, peak
from interlock.models import Formats, decode, lower, model, prefill, scheme
from interlock.operators.operator import total

CLAIM = claim(
    "peak FLOP/s grow 3.0 times in two years, DRAM bandwidth 1.6, interconnect 1.4",
    "Gholami et al. 2024, AI and memory wall",
)
MISSING = (
    "one of the nine chips: the WSE-2's memory is faster than its dense arithmetic, so that it decodes at its peak"
)
TABLE_1 = {
    "h100-sxm": "bf16",
    "mi300x": "bf16",
    "wse-2": "fp16",
    "tpu-v4": "bf16",
    "ipu-gc200": "fp16",
    "groq-lpu": "fp16",
    "gaudi3": "bf16",
    "sn40l": "bf16",
    "grayskull-e150": "fp16",
}


def intensity(tokens: float) -> float:
    """FLOP a byte of weights, caches and activations of Llama 2 7B: one decoded token, or a prompt."""
    step = decode(1.0, 512.0) if tokens == 1 else prefill(1.0, tokens)
    operators = lower(model("llama-2-7b"), step, Formats.of(scheme("fp16", "fp16")))
    return float(total(operators, "flop")) / float(total(operators, "moved_bytes"))


def run() -> Reproduction:
    """Ridge points, FLOP a byte, and the intensity of both phases on either side; SRAM alone has low ridges."""
    ridges = {name: peak(name, compute) / bandwidth(name) for name, compute in TABLE_1.items()}
    slow, fast = intensity(1), intensity(2048)
    return reproduction(
        within("intensity of decoding at batch 1, FP16", 1.0, slow, 0.05, "FLOP/B"),
        exactly(
            "chips on which decoding is bound by memory: all but the WSE-2",
            8,
            sum(slow < ridge for ridge in ridges.values()),
        ),
        exactly(
            "chips on which prefill of 2048 is bound by arithmetic", 9, sum(fast > ridge for ridge in ridges.values())
        ),
        *(
            within(f"ridge of {name}", value, ridges[name], 0.01, "FLOP/B")
            for name, value in {
                "h100-sxm": 295.3,
                "mi300x": 246.7,
                "tpu-v4": 223.9,
                "gaudi3": 500,
                "grayskull-e150": 701,
            }.items()
        ),
    )
