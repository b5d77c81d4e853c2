"""The training loop: resumable, with a validation curve, the same weights however often it was interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from interlock.lab.pretrain.batches import step_batch, token_stream
from interlock.lab.pretrain.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from interlock.lab.pretrain.recipe import Recipe
from interlock.lab.text import Text
from interlock.lab.tokenizer import learn_tokenizer

VALIDATION_TOKENS: Final = 32_768

Progress = Callable[[int, int, float, float], None]  # step, steps, training loss, tokens per second


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A finished run."""

    recipe: Recipe
    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast
    curve: list[dict[str, float]]


def pretrain(
    recipe: Recipe, text: Text, folder: Path, *, save_every: int = 200, progress: Progress | None = None
) -> Trained:
    """Train, or go on where the checkpoint in `folder` stopped.

    Raises:
        InputError: too little text, or a checkpoint of another run.
    """
    tokenizer = learn_tokenizer((each.text for each in text.part("train")), recipe.vocabulary, recipe.context)
    train = token_stream(text.part("train"), tokenizer)
    held_out = text.part("validation")
    bytes_per_token = sum(len(each.text.encode()) for each in held_out) / len(token_stream(held_out, tokenizer))
    validation = token_stream(held_out, tokenizer)[: VALIDATION_TOKENS + 1]
    torch.manual_seed(recipe.seed)
    model: LlamaForCausalLM = LlamaForCausalLM(recipe.config())
    optimizer = _optimizer(model, recipe)
    path = folder / "checkpoint.pt"
    state = load_checkpoint(path, key := f"{recipe.fingerprint}-{text.fingerprint('train')}", recipe)
    curve: list[dict[str, float]] = []
    first = 0
    if state is not None:
        model.load_state_dict(state.model)
        optimizer.load_state_dict(state.optimizer)
        first, curve = state.step, state.curve
    began, losses = time.monotonic(), []
    for step in range(first, recipe.steps):
        losses.append(_step(model, optimizer, recipe, train, step))
        done = step + 1
        if progress is not None:
            speed = (done - first) * recipe.batch * recipe.context / (time.monotonic() - began)
            progress(done, recipe.steps, float(np.mean(losses[-20:])), speed)
        if done % save_every == 0 or done == recipe.steps:
            loss = validation_loss(model, validation, recipe.context, recipe.batch)
            curve.append(_point(done, recipe, losses, loss, bytes_per_token))
            losses = []
            parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            save_checkpoint(path, Checkpoint(key=key, steps=recipe.steps, step=done, curve=curve, **parts))
    model.eval()  # type: ignore[no-untyped-call]
    return Trained(recipe=recipe, model=model, tokenizer=tokenizer, curve=curve)


def _step(
    model: LlamaForCausalLM, optimizer: torch.optim.Optimizer, recipe: Recipe, train: NDArray[np.int64], step: int
) -> float:
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = recipe.rate(step)
    tokens = step_batch(train, step, recipe.batch, recipe.context, recipe.seed)
    logits = model(tokens[:, :-1], use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
    optimizer.step()
    return float(loss.detach())


def _optimizer(model: LlamaForCausalLM, recipe: Recipe) -> torch.optim.AdamW:
    """Matrices decay, gains of norms do not."""
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    gains = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": gains, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(recipe.beta1, recipe.beta2), foreach=True)


def _point(
    done: int, recipe: Recipe, losses: list[float], validation: float, bytes_per_token: float
) -> dict[str, float]:
    return {
        "step": done,
        "tokens": done * recipe.batch * recipe.context,
        "learning_rate": recipe.rate(done - 1),
        "train_loss": float(np.mean(losses)),
        "validation_loss": validation,
        "validation_bits_per_byte": validation / np.log(2).item() / bytes_per_token,
    }


@torch.no_grad()
def validation_loss(model: LlamaForCausalLM, stream: NDArray[np.int64], context: int, batch: int) -> float:
    """Mean negative log-likelihood of a token, nats, over consecutive windows."""
    model.eval()  # type: ignore[no-untyped-call]
    rows = (len(stream) - 1) // context
    inputs = torch.from_numpy(stream[: rows * context].reshape(rows, context))
    targets = torch.from_numpy(stream[1 : rows * context + 1].reshape(rows, context))
    total = 0.0
    for start in range(0, rows, batch):
        logits = model(inputs[start : start + batch], use_cache=False).logits
        chosen = targets[start : start + batch]
        total += float(torch.nn.functional.cross_entropy(logits.flatten(0, 1), chosen.flatten(), reduction="sum"))
    return total / targets.numel()
