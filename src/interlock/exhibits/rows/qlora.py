"""QLoRA: 65 billion parameters at 4.127 bits fit a GPU of 48 GB."""

from interlock.exhibits.base import Reproduction, below, claim, reproduction, within
from interlock.exhibits.model_size import parameters, weights_bytes
from interlock.numerics import number_format

CLAIM = claim("LLaMA-65B fine-tuned on one 48 GB GPU", "Dettmers et al. 2023, QLoRA; the survey, III-B")
MISSING = "fine-tuning a small model next to 16-bit LoRA"


def run() -> Reproduction:
    """Base weights in NF4 with double quantization, adapters of rank 64 on every linear layer with Adam's state."""
    base = weights_bytes("llama-65b", "nf4-dq")
    width, inner, layers, rank = 8192, 22016, 80, 64
    adapters = layers * rank * (4 * 2 * width + 3 * (width + inner))
    trained = adapters * (2 + 2 + 8)
    return reproduction(
        within("bits a parameter", 4.127, number_format("nf4-dq").bits, 1e-3, "bit"),
        within("65 billion parameters at that width", 33.5, 65e9 * number_format("nf4-dq").bytes / 1e9, 0.01, "GB"),
        within("share of the parameters that is trained", 0.0122, adapters / parameters("llama-65b"), 0.03),
        below("base, adapters, gradients and Adam's state", 48, (base + trained) / 1e9, "GB"),
    )
