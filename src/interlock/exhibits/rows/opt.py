"""OPT: exact counts from 125M to 175B."""

from interlock.exhibits.base import Reproduction, claim, reproduction
from interlock.exhibits.model_size import about, count

CLAIM = claim("decoders of 125 million to 175 billion parameters", "Zhang et al. 2022, OPT, table 1")
MISSING = "a tiny OPT with ReLU for the activation-sparsity rows"


def run() -> Reproduction:
    """The smallest exactly, the others as they are named."""
    sizes = {"opt-1.3b": 1.3e9, "opt-6.7b": 6.7e9, "opt-13b": 13e9, "opt-66b": 66e9, "opt-175b": 175e9}
    return reproduction(count("opt-125m", 125_239_296), *(about(name, size, 0.02) for name, size in sizes.items()))
