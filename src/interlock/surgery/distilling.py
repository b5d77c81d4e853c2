"""A smaller student that learns from what the original says, not from the text alone.

source:  Hinton et al. 2015, Distilling the knowledge in a neural network, section 2 (temperature, its square on the
         loss); Sanh et al. 2019, DistilBERT, section 3 (a student of every other layer, started from the teacher's).
symbols: T temperature; p teacher, q student, both softened by T: loss = T^2 KL(p || q) + b mean |h_s - h_t|^2 / |h_t|^2
         + c cross entropy of the text; h hidden states after the layers that the student took over.
keeps:   embeddings and the head stay the teacher's. Batches are those of `training.train` with the same seed.
departs: DistilBERT compares directions of hidden states by their cosine.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.errors import InputError
from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import blocks


def kept_layers(depth: int, kept: int) -> list[int]:
    """Layers of the teacher that the student takes over: the first, the last, and others evenly between."""
    if kept == 1:
        return [0]
    return [round(place * (depth - 1) / (kept - 1)) for place in range(kept)]


def shorten(model: nn.Module, kept: int) -> list[int]:
    """Keep so many layers of a decoder, in place; returns which."""
    every = blocks(model)
    chosen = kept_layers(len(every), kept)
    name = every[0].name.rpartition(".")[0]
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, nn.ModuleList(every[index].module for index in chosen))
    for place, index in enumerate(chosen):
        parts: list[Any] = [part for part in every[index].module.modules() if hasattr(part, "layer_idx")]
        for part in parts:
            part.layer_idx = place
    config: Any = model.config
    config.num_hidden_layers = kept
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[index] for index in chosen]
    return chosen


def divergence(teacher: Tensor, student: Tensor, temperature: float = 1.0) -> Tensor:
    """Mean KL(teacher || student) over tokens, in nats; logits [..., vocabulary]."""
    p = functional.log_softmax(teacher.float() / temperature, -1).flatten(0, -2)
    q = functional.log_softmax(student.float() / temperature, -1).flatten(0, -2)
    return functional.kl_div(q, p, log_target=True, reduction="batchmean")


def taught(model: nn.Module) -> list[nn.Parameter]:
    """What a student learns: everything in its blocks."""
    return [parameter for block in blocks(model) for parameter in block.module.parameters()]


def distill(
    student: nn.Module,
    teacher: nn.Module,
    layers: list[int],
    calibration: Calibration,
    *,
    steps: int,
    batch: int = 4,
    learning_rate: float = 1e-3,
    temperature: float = 2.0,
    hidden: float = 1.0,
    labels: float = 0.5,
) -> list[float]:
    """Train the student's blocks with AdamW and a cosine to zero; returns the losses.

    Raises:
        InputError: no steps, or a temperature that is not positive.
    """
    if steps < 1 or batch < 1 or temperature <= 0:
        raise InputError("distillation", f"{steps} steps, temperature {temperature}", "at least one step, above 0")
    calibration.fits(student)
    student.eval()
    trained = taught(student)
    generator = torch.Generator().manual_seed(calibration.seed)
    optimizer = torch.optim.AdamW(trained, lr=learning_rate, weight_decay=0.0)
    losses: list[float] = []
    for step in range(steps):
        for settings in optimizer.param_groups:
            settings["lr"] = learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        rows = torch.randint(len(calibration.tokens), (batch,), generator=generator)
        tokens = calibration.tokens[rows]
        with torch.no_grad():
            told: Any = teacher(tokens, use_cache=False, output_hidden_states=True)
        said: Any = student(tokens, use_cache=False, output_hidden_states=True)
        loss = temperature**2 * divergence(told.logits, said.logits, temperature)
        if hidden:
            loss = loss + hidden * _hidden_loss(told.hidden_states, said.hidden_states, layers)
        if labels:
            logits = said.logits[:, :-1].flatten(0, 1).float()
            loss = loss + labels * functional.cross_entropy(logits, tokens[:, 1:].reshape(-1))
        if not bool(torch.isfinite(loss)):
            raise FloatingPointError(f"the loss is {float(loss)} at step {step}: lower the learning rate")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    optimizer.zero_grad(set_to_none=True)
    return losses


def _hidden_loss(teacher: tuple[Tensor, ...], student: tuple[Tensor, ...], layers: list[int]) -> Tensor:
    gaps = [
        (student[place + 1] - teacher[index + 1]).square().sum() / teacher[index + 1].square().sum()
        for place, index in enumerate(layers)
    ]
    return torch.stack(gaps).mean()


@torch.no_grad()
def sampled(model: nn.Module, count: int, length: int, seed: int) -> Tensor:
    """Sequences that the model itself writes, from uniform first tokens: text of the model's own kind."""
    generator = torch.Generator().manual_seed(seed)
    config: Any = model.config
    tokens = torch.randint(int(config.vocab_size), (count, 1), generator=generator)
    cache = None
    for _ in range(length - 1):
        result: Any = model(tokens[:, -1:], past_key_values=cache, use_cache=True)
        cache = result.past_key_values
        odds = torch.softmax(result.logits[:, -1].float(), -1)
        tokens = torch.cat([tokens, torch.multinomial(odds, 1, generator=generator)], 1)
    return tokens


def teacher_of(model: nn.Module) -> nn.Module:
    """A copy that stays as it is."""
    found = copy.deepcopy(model).eval()
    return found.requires_grad_(requires_grad=False)
