"""The shipped language model after a technique, judged by how far it moved from the original.

idea:  text of the model's own kind: sequences that it writes itself, one part to calibrate with, another to judge by,
       drawn with different seeds. The distance is the mean KL divergence of next-token distributions; a perplexity on
       any text of another kind would say as much about the text.
keeps: each technique is applied once to a fresh copy and kept; parameters were not chosen on these sequences.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration

NAME = "interlock-2.8m"
SEQUENCES, LENGTH = 64, 64
JUDGED = 32  # of the unseen sequences


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A technique's record, its divergence from the original in nats a token, and its perplexity."""

    applied: Applied
    divergence: float
    perplexity: float

    @property
    def linear_bytes(self) -> int:
        """What the blocks' linear layers take."""
        return self.applied.stored["linear"]


@cache
def original() -> nn.Module:
    """The shipped model, to be read."""
    from interlock.lab.extras import require_lab

    require_lab("this exhibit")
    from interlock.lab.models.named import find_model

    found: nn.Module = find_model(NAME).load()
    return found.eval()


def fresh() -> nn.Module:
    """A copy, to be changed."""
    return copy.deepcopy(original())


@cache
def own_text(seed: int) -> Tensor:
    """Sequences that the model writes."""
    from interlock.surgery.distilling import sampled

    return sampled(original(), SEQUENCES, LENGTH, seed)


def calibration(seed: int = 0) -> Calibration:
    """What techniques may see; the seed is that of whatever they draw themselves."""
    from interlock.surgery.calibration import Calibration as Data

    return Data(tokens=own_text(0), seed=seed)


def judged(model: nn.Module) -> tuple[float, float]:
    """Divergence from the original, and perplexity, on sequences that no technique saw."""
    import torch
    from torch.nn.functional import cross_entropy

    from interlock.surgery.distilling import divergence

    unseen = own_text(1)[:JUDGED]
    with torch.no_grad():
        said: Any = model(unseen, use_cache=False).logits
        loss = cross_entropy(said[:, :-1].flatten(0, 1), unseen[:, 1:].reshape(-1))
        return float(divergence(_told(), said)), math.exp(float(loss))


@cache
def _told() -> Tensor:
    """What the original says of the judged sequences."""
    import torch

    with torch.no_grad():
        found: Any = original()(own_text(1)[:JUDGED], use_cache=False)
    logits: Tensor = found.logits
    return logits


@cache
def outcome(spec: str) -> Outcome:
    """A technique by its name and parameters, applied and judged."""
    from interlock.techniques import technique

    applied = technique(spec).apply(fresh(), calibration())
    moved, perplexity = judged(applied.model)
    return Outcome(applied=applied, divergence=moved, perplexity=perplexity)


def predicted_bytes(found: Outcome) -> float:
    """Bytes of all weights that the predictor counts from the technique's effects."""
    from interlock.effects import with_effects
    from interlock.inference.memory import weight_bytes
    from interlock.models import Formats, scheme
    from interlock.models.catalogue import from_config

    config: Any = original().config
    model, formats = with_effects(from_config(config.to_dict(), NAME), scheme(), found.applied.effects)
    return float(weight_bytes(model, Formats.of(formats)))
