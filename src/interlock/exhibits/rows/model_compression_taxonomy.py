"""Four families of compression, brought to the same bytes of one model."""

from interlock.exhibits.base import Reproduction, below, claim, holds, reproduction
from interlock.exhibits.compressed import outcome, predicted_bytes

CLAIM = claim("quantization, pruning, distillation and low rank as the four families", "the survey, section IV-C")
MISSING = "measured speed"
FAMILIES = {
    "quantization": "gptq:bits=8,group_size=64",
    "pruning": "sparsegpt:pattern=56.25%",
    "low rank": "svd-llm:share=0.5",
    "distillation": "knowledge-distillation:steps=60",
}


def run() -> Reproduction:
    """Each family at about half of the bytes that the linear layers take in bf16."""
    dense = 2 * sum(each.rows * each.columns for each in outcome("sparsegpt").applied.layers)
    found = {name: outcome(spec) for name, spec in FAMILIES.items()}
    told = ", ".join(f"{name} {each.perplexity:.1f}" for name, each in found.items())
    order = sorted(found, key=lambda name: found[name].divergence)
    return reproduction(
        *(below(f"{name}: bytes over the dense ones", 0.52, each.linear_bytes / dense) for name, each in found.items()),
        *(holds(f"{name}: bytes are the predicted ones",
                abs(predicted_bytes(each) - sum(each.applied.stored.values())) < 0.5) for name, each in found.items()),
        holds("at equal bytes 8-bit quantization loses least, a short distillation most",
              (order[0], order[-1]) == ("quantization", "distillation"), f"perplexity: {told}"),
    )  # fmt: skip
