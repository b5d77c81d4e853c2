"""Mixtral 8x7B: all experts are stored, two of eight are read."""

from interlock.exhibits.base import Reproduction, claim, reproduction, within
from interlock.exhibits.model_size import active_parameters, count, parameters

CLAIM = claim(
    "47 billion parameters in all, 13 billion active", "Jiang et al. 2024, Mixtral of experts; the mobile slides"
)


def run() -> Reproduction:
    """Total and active counts; both roundings hold."""
    return reproduction(
        count("mixtral-8x7b", 46_702_792_704),
        within("all parameters", 46.70, parameters("mixtral-8x7b") / 1e9, 1e-3, "billion", "printed 47"),
        within("active parameters", 12.88, active_parameters("mixtral-8x7b") / 1e9, 1e-3, "billion", "printed 13"),
    )
