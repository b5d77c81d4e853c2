"""From a published ratio to a baseline GPU to absolute joules, with an error bar.

idea: tokens a joule of the baseline between what Interlock predicts with the board's full power and with the static
      share of it alone; a claimed ratio multiplies both ends. Papers measure their baselines, so the bar is wide.
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock import api
from interlock.cost.parameters import static_share
from interlock.hardware import chip


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """Tokens a joule: what is predicted, and the ends of the bar."""

    low: float
    predicted: float
    high: float

    def times(self, ratio: float) -> Efficiency:
        """What a design has that claims to be so many times as efficient."""
        return Efficiency(low=self.low * ratio, predicted=self.predicted * ratio, high=self.high * ratio)


def tokens_per_joule(model: str, name: str, *, weight: str = "fp16", prompt: int = 128, batch: int = 1) -> Efficiency:
    """Tokens a joule of a baseline: output tokens, or for encoders the tokens that are read.

    Raises:
        ValueError: the chip's power is not published.
    """
    tdp = chip(name).tdp
    if tdp is None:
        raise ValueError(f"the power of {name} is not published")
    e = api.estimate(model, name, weight_format=weight, prompt=prompt, output=32, batch=batch, stack="ideal")
    per_request = 1 if e.request.model.generates else prompt
    rate = e.tokens_per_s * per_request
    assert e.joules_per_token is not None
    return Efficiency(low=rate / tdp, predicted=per_request / e.joules_per_token, high=rate / (tdp * static_share()))
