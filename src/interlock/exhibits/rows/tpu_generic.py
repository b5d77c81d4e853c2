"""TPU v3: utilisation of the GShard run, from its published time."""

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.exhibits.facts import fact

CLAIM = claim("a 600B model took over 196,000 TPU v3 core-hours", "the survey, section III")

# Lepikhin et al. 2020: 36 layers of width 1024 and inner width 8192, every other one with 2048 experts of which a
# token uses two; attention of 16 heads of 128. An encoder token passes half of the layers, a decoder token the other.
LAYERS, WIDTH, INNER, HEADS, EXPERTS = 36, 1024, 8192, 16 * 128, 2048


def run() -> Reproduction:
    """6 FLOP a parameter and token, over the peak of two cores a chip."""
    attention, network = 4 * WIDTH * HEADS, 2 * WIDTH * INNER
    total = LAYERS * attention + LAYERS / 2 * (network + EXPERTS * network)
    active = LAYERS * attention + LAYERS / 2 * (network + 2 * network)
    seconds = fact("gshard-core-years").value * 8760 * 3600 / 2
    use = 6 * active * fact("gshard-tokens").value / (seconds * fact("tpu-v3-peak").value * 1e12)
    return reproduction(
        within("parameters of the model", 600e9, total, 0.05),
        within(
            "core-hours", fact("gshard-core-hours").value, fact("gshard-core-years").value * 8760, 0.005, "core-hour"
        ),
        above("utilisation, at least", 0.05, use),
        below("utilisation, at most", 0.60, use),
    )
