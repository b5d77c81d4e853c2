"""Smoothing: the largest inputs of each feature, shared out between inputs and weights.

source: Xiao et al. 2022, SmoothQuant, equation 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from interlock.errors import InputError
from interlock.surgery.calibration import Calibration
from interlock.surgery.linear import weight_of
from interlock.surgery.scaling import pairs
from interlock.surgery.statistics import InputStatistics
from interlock.surgery.walk import Group, observe

FLOOR = 1e-5  # as the paper's code: no feature is scaled by less


def smooth(model: nn.Module, calibration: Calibration, alpha: float) -> dict[str, float]:
    """Smooth all layers that read a norm; returns the largest input of every layer afterwards.

    Raises:
        InputError: alpha outside 0 to 1.
    """
    if not 0 <= alpha <= 1:
        raise InputError("alpha", str(alpha), "0 to 1")
    largest: dict[str, float] = {}

    def visit(known: list[tuple[Group, InputStatistics]]) -> None:
        factors: dict[str, Tensor] = {}
        features = {name: statistics.largest for group, statistics in known for name in group.linears}
        for pair in pairs(known[0][0].block, norms_only=True):
            name = next(iter(pair.readers))
            factor = smoothing_factor(features[name], [weight_of(layer) for layer in pair.readers.values()], alpha)
            pair.scale(factor)
            factors |= dict.fromkeys(pair.readers, factor)
        for name, most in features.items():
            largest[name] = float((most / factors[name]).max() if name in factors else most.max())

    observe(model, calibration, visit, moments=False)
    return largest


def smoothing_factor(largest: Tensor, weights: list[Tensor], alpha: float) -> Tensor:
    """s of each feature, from its largest input and its columns of the weights that read it."""
    columns = torch.cat(weights).abs().amax(0)
    return (largest.clamp_min(FLOOR) ** alpha / columns.clamp_min(FLOOR) ** (1 - alpha)).clamp_min(FLOOR)
