"""Model bandwidth utilisation: the share of the memory's peak that published rates imply."""

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.exhibits.datasheet import bandwidth
from interlock.exhibits.facts import fact
from interlock.exhibits.model_size import parameters, weights_bytes

CLAIM = claim("100, 65 and 33 % (a port without optimisation)", "the mobile slides, bandwidth utilisation ratio")
MISSING = "a measurement on the machine at hand, and tiled kernels that raise it"


def run() -> Reproduction:
    """Bytes a token times tokens a second over the peak, for phones and an A100: all between 0 and 1."""
    half = parameters("llama-2-7b") * 0.5
    shares = {
        name: half * fact(f"{name}-llama-2-7b").value / bandwidth(name)
        for name in ("snapdragon-8-gen-3", "snapdragon-8-elite")
    }
    cpu = (
        weights_bytes("llama-3.2-3b", "bf16")
        * fact("oneplus-12-llama-3.2-3b-bf16").value
        / bandwidth("snapdragon-8-gen-3")
    )
    gpu = weights_bytes("llama-2-7b") * fact("a100-80g-llama-2-7b-gpt-fast").value / bandwidth("a100-80g")
    every = [*shares.values(), cpu, gpu]
    return reproduction(
        within("Snapdragon 8 Gen 3, NPU, Llama 2 7B", 0.56, shares["snapdragon-8-gen-3"], 0.02),
        within("Snapdragon 8 Elite, NPU, Llama 2 7B", 0.71, shares["snapdragon-8-elite"], 0.02),
        within("Snapdragon 8 Gen 3, CPU, Llama 3.2 3B", 0.64, cpu, 0.02),
        within("A100, gpt-fast, Llama 2 7B", 0.69, gpu, 0.02),
        above("the least", 0.33, min(every), "", "the slides' lowest curve"),
        below("the greatest", 1.0, max(every)),
    )
