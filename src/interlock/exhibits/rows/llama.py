"""LLaMA 1: the exact count of the 7B, and what 65B takes at 4 bits."""

from interlock.exhibits.base import Reproduction, claim, reproduction, within
from interlock.exhibits.model_size import count

CLAIM = claim("7 to 65 billion parameters", "Touvron et al. 2023, LLaMA, table 2; the survey, I")


def run() -> Reproduction:
    """The exact counts of all four sizes, and the name of the largest."""
    sizes = {"llama-7b": 6_738_415_616, "llama-13b": 13_015_864_320, "llama-33b": 32_528_943_616}
    figures = [count(name, parameters) for name, parameters in sizes.items()]
    largest = count("llama-65b", 65_285_660_672)
    return reproduction(*figures, largest, within("the largest, as named", 65e9, largest.reproduced, 0.01))
