"""GPT-2: exact counts of the four sizes."""

from interlock.exhibits.base import Reproduction, claim, reproduction
from interlock.exhibits.model_size import count

CLAIM = claim("124 million parameters (small) to 1.5 billion (XL)", "Radford et al. 2019, table 2; the survey, II-B")
MISSING = "a tiny GPT-2 trained from scratch"


def run() -> Reproduction:
    """The counts of the published checkpoints."""
    sizes = {"gpt2": 124_439_808, "gpt2-medium": 354_823_168, "gpt2-large": 774_030_080, "gpt2-xl": 1_557_611_200}
    return reproduction(*(count(name, parameters) for name, parameters in sizes.items()))
