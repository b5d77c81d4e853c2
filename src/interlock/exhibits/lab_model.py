"""The shipped language model in PyTorch, for exhibits that carry out a technique on it, and what it lost.

idea:    calibrated on the first windows of the shipped sample, judged by its last ones; both are the same for all
         exhibits. The sample is documentation and the model learned from speeches, so perplexity is high, and a single
         rounding can lower it by chance; the divergence from the original cannot be lowered by chance.
symbols: divergence = mean over tokens of KL(original, changed), nats.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from interlock.exhibits.base import Figure, above, below
from interlock.exhibits.facts import table
from interlock.exhibits.language_model import calibration, held_out
from interlock.search.shipped_quality import shipped_tables

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration

CALIBRATED: Final = 16  # windows of 256 tokens
JUDGED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How a model does on the held-out windows."""

    perplexity: float
    divergence: float


@cache
def _loaded() -> nn.Module:
    from interlock.lab.models.named import find_model

    model: nn.Module = find_model("interlock-2.8m").load()
    return model


def lab_model(*, outliers: float = 0.0) -> Any:
    """The model, new each time; with the stated stress test if `outliers`, the factor of 1 % of the features, is given.

    The stress test does not change what the model computes.
    """
    from interlock.surgery.outliers import inject

    model = copy.deepcopy(_loaded())
    if outliers:
        inject(model, share=0.01, factor=outliers)
    return model


@cache
def lab_calibration() -> Calibration:
    """4,096 tokens that nothing is judged by."""
    import torch

    from interlock.surgery.calibration import Calibration

    return Calibration(tokens=torch.from_numpy(calibration(CALIBRATED).copy()))


def after(technique: str, *, outliers: float = 0.0) -> Applied:
    """A technique, named as on the command line, carried out on the model."""
    from interlock import techniques

    return techniques.technique(technique).apply(lab_model(outliers=outliers), lab_calibration())


def logits(model: Any) -> Tensor:
    """Of the held-out windows, [windows, tokens, vocabulary]."""
    import torch

    with torch.no_grad():
        found: Tensor = model(torch.from_numpy(held_out(JUDGED)), use_cache=False).logits
    return found


@cache
def _original() -> Tensor:
    return logits(_loaded()).log_softmax(-1)


@cache
def original() -> Judged:
    """The model as it is."""
    return judged(_loaded())


def judged(model: Any) -> Judged:
    """A changed model on the held-out windows."""
    import torch

    now, before = logits(model).log_softmax(-1), _original()
    wanted = torch.from_numpy(held_out(JUDGED))[:, 1:, None]
    nats = -now[:, :-1].gather(2, wanted).double().mean()
    apart = (before.exp() * (before - now)).sum(-1, dtype=torch.float64).mean()
    return Judged(perplexity=math.exp(float(nats)), divergence=max(0.0, float(apart)))


def judged_after(technique: str, *, outliers: float = 0.0) -> Judged:
    """What a technique leaves of the model."""
    return judged(after(technique, outliers=outliers).model)


def bytes_a_weight(done: Applied) -> float:
    """Real bytes of a linear weight's code, scales not counted."""
    return done.stored["linear"] / sum(layer.rows * layer.columns for layer in done.layers)


def compared_on_smollm2(name: str) -> Figure:
    """A comparison as `interlock lab compare` measured it on SmolLM2-135M and as it ships: its whole interval holds."""
    measured = shipped_tables()["smollm2-135m"]
    pair = measured.pair(name)
    told = f"{pair.gap[0]:.1%}, from {pair.gap[1]:.1%} to {pair.gap[2]:.1%}; {measured.judged}"
    return above(f"SmolLM2-135M, measured before: {pair.what}: low end of the gap in perplexity", 0.0, pair.gap[1],
                 note=told)  # fmt: skip


def on_smollm2(setting: str, better: str, worse: str = "nearest") -> Figure:
    """The same order of two techniques as kept from a measurement of SmolLM2-135M."""
    known = table("quantized_smollm2")[setting]
    return below(f"SmolLM2-135M, measured once: {known['what']}: perplexity, {better} against {worse}", known[worse],
                 known[better], note=f"fp32 {known['fp32']}; {known['source']['ref']}")  # fmt: skip
