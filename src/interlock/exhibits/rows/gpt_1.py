"""GPT-1: the count follows from its config."""

from interlock.exhibits.base import Reproduction, claim, reproduction
from interlock.exhibits.model_size import about, count

CLAIM = claim("about 117 million parameters", "Radford et al. 2018, Improving language understanding, section 4.1")


def run() -> Reproduction:
    """Within 1 % of the rounded figure, and the exact count of the published checkpoint."""
    return reproduction(about("gpt1", 117e6), count("gpt1", 116_534_784))
