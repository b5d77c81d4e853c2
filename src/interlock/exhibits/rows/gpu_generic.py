"""GPUs: a roofline and a fixed time a layer, calibrated on one public rate, predict a second one."""

from interlock.exhibits.base import Figure, Reproduction, claim, reproduction, within
from interlock.exhibits.datasheet import bandwidth
from interlock.exhibits.facts import fact
from interlock.exhibits.model_size import weights_bytes
from interlock.models import model

CLAIM = claim(
    "throughput processors with matrix units and high-bandwidth memory", "the survey; the accelerator review, 2.1"
)
ACHIEVED = 0.85  # of the memory's peak, as streaming benchmarks reach


def streaming(name: str, chip: str, weight: str, chips: int = 1) -> float:
    """Seconds to read the weights that a token needs; the input embedding is looked up, not read."""
    shape = model(name)
    embedding = 0 if shape.head is None or shape.head.tied else shape.vocabulary * shape.main.width * 2
    return (weights_bytes(name, weight) - embedding) / (chips * bandwidth(chip) * ACHIEVED)


def predicted(chip: str, known: str, wanted: str, weight: str, name: str = "llama-2-7b", chips: int = 1) -> Figure:
    """The overhead of a layer from one rate of Llama 2 7B at 16 bits, then the rate of another format or model."""
    a_layer = (1 / fact(known).value - streaming("llama-2-7b", chip, "fp16")) / model("llama-2-7b").main.depth
    time = streaming(name, chip, weight, chips) + a_layer * model(name).main.depth
    target = fact(wanted)
    return within(target.what, target.value, 1 / time, 0.25, target.unit, f"calibrated: {a_layer * 1e6:.0f} us a layer")


def run() -> Reproduction:
    """One rate each for three GPUs, and four others within 25 %."""
    a100, die, h100 = "a100-80g-llama-2-7b", "mi250x-gcd-llama-2-7b", "h100-llama-2-7b-trtllm"
    return reproduction(
        predicted("a100-80g", f"{a100}-gpt-fast", f"{a100}-int8-gpt-fast", "int8"),
        predicted("a100-80g", f"{a100}-gpt-fast", f"{a100}-int4-gpt-fast", "int4-g32"),
        predicted("mi250x-gcd", f"{die}-gpt-fast", f"{die}-int8-gpt-fast", "int8"),
        predicted("h100-sxm", h100, "h100-4x-llama-2-70b-trtllm", "fp16", "llama-2-70b", 4),
    )
