"""A run's state on the disk: weights, optimizer, step and the loss curve in one file, replaced whole."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from interlock.atomic import replacing_file
from interlock.errors import InputError
from interlock.lab.pretrain.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A run after `step` of `steps` steps."""

    key: str
    steps: int
    step: int
    model: dict[str, Any]
    optimizer: dict[str, Any]
    curve: list[dict[str, float]]


def save_checkpoint(path: Path, state: Checkpoint) -> None:
    """Write it beside its place, force it to the disk, then give it its name."""
    with replacing_file(path) as part:
        torch.save({name: getattr(state, name) for name in Checkpoint.__slots__}, part)


def load_checkpoint(path: Path, key: str, recipe: Recipe) -> Checkpoint | None:
    """The run that lies there; None where there is none.

    Raises:
        InputError: unreadable, or of another recipe or text.
    """
    if not path.is_file():
        return None
    try:
        state = Checkpoint(**torch.load(path, weights_only=True))
    except (OSError, RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(str(path), f"no checkpoint ({type(error).__name__})", "one that this command wrote") from None
    if state.key != key:
        raise InputError(str(path), "a run with another recipe or text", "the same flags as before, or another --work")
    if state.steps != recipe.steps and state.step > min(
        recipe.level_steps, replace(recipe, steps=state.steps).level_steps
    ):
        found = f"{state.step} of {state.steps} steps, where another number of steps had another learning rate"
        raise InputError(str(path), found, f"--steps {state.steps}, or another --work")
    return state
