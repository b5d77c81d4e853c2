"""A short training run: next-token loss on given tokens, for techniques that learn.

keeps: batches are drawn by a seed; the model is in evaluation mode before and after, so nothing is dropped out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.errors import InputError
from interlock.surgery.calibration import Calibration


def next_token_loss(model: nn.Module, tokens: Tensor) -> Tensor:
    """Mean cross entropy of each token after the first, given those before."""
    logits = model(tokens, use_cache=False).logits[:, :-1]
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]).float(), tokens[:, 1:].reshape(-1))


def train(
    model: nn.Module,
    calibration: Calibration,
    parameters: Iterable[nn.Parameter],
    *,
    steps: int,
    batch: int = 4,
    learning_rate: float = 1e-4,
    each_step: Callable[[int], None] | None = None,
) -> list[float]:
    """Train some parameters with AdamW and a cosine to zero; returns the losses. `each_step` is called before a step.

    Raises:
        InputError: no steps.
        FloatingPointError: the loss is no longer a number.
    """
    if steps < 1 or batch < 1:
        raise InputError("training", f"{steps} steps of {batch} sequences", "at least one of each")
    calibration.fits(model)
    model.eval()
    trained = list(parameters)
    chosen = {id(parameter) for parameter in trained}
    kept = {parameter: parameter.requires_grad for parameter in model.parameters()}
    for parameter in kept:
        parameter.requires_grad_(id(parameter) in chosen)
    generator = torch.Generator().manual_seed(calibration.seed)
    optimizer = torch.optim.AdamW(trained, lr=learning_rate, weight_decay=0.0)
    losses: list[float] = []
    try:
        for step in range(steps):
            if each_step is not None:
                each_step(step)
            for settings in optimizer.param_groups:
                settings["lr"] = learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            rows = torch.randint(len(calibration.tokens), (batch,), generator=generator)
            loss: Any = next_token_loss(model, calibration.tokens[rows])
            if not bool(torch.isfinite(loss)):
                raise FloatingPointError(f"the loss is {float(loss)} at step {step}: lower the learning rate")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            losses.append(float(loss.detach()))
    finally:
        for parameter, wanted in kept.items():
            parameter.requires_grad_(wanted)
            parameter.grad = None
    return losses
