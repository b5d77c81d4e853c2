"""Control rate of a model that acts: how often a second it can look, think and give one action.

idea: one action = the way to the model and back + encoding images + reading the observation + its action tokens.
      The result is optimistic: no camera, no tokenizer, no actuator.
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock import api
from interlock.hardware import Chip
from interlock.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLoop:
    """What one action takes: tokens seen, images included, tokens given, seconds on the network; the rate wanted."""

    observation_tokens: int
    action_tokens: int
    images: int = 0
    network_s: float = 0.0
    wanted_hz: float = 1.0


def control_hz(
    model: str | Model, chip: str | Chip, loop: ControlLoop, *, chips: int = 1, weight: str = "bf16"
) -> float:
    """Actions a second; 0 where the model does not fit."""
    e = api.estimate(
        model,
        chip,
        tensor_parallel_size=chips,
        weight_format=weight,
        prompt=loop.observation_tokens,
        images=loop.images,
        output=loop.action_tokens,
        stack="ideal",
    )
    return 1.0 / (e.latency_s + loop.network_s) if e.feasible else 0.0
