"""The clock and the memory of a deployment that no run was seen of: kernels by the cost model, host work by its stack.

idea:    kernels are calibrated ones where the chip's kind was measured (AIConfigurator's tables), with the stack's own
         times; stacks are those that were fitted on other sets than the ones replayed here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips
from interlock.cost.stack import Stack, stacks
from interlock.hardware import chip as read_chip
from interlock.inference.memory import cache_bytes, memory_plan
from interlock.models import Formats, scheme
from interlock.models import model as read_model
from interlock.parallel import Parallelism
from interlock.serving.clock import StepClock, price_clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A clock, what the cache holds, and the stack's time before a first token."""

    clock: StepClock
    kv_tokens: int
    first_s: float


def served(
    chip: str,
    model: str,
    formats: tuple[str, str, str],
    *,
    tensor: int,
    stack: str,
    max_num_seqs: int,
    host: Stack | None = None,
    calibrated: bool = True,
    memory_share: float = 0.9,
    step_tokens: int = 2048,
    drawn: NDArray[np.float64] | None = None,
) -> Served:
    """Price a deployment.

    Args:
        chip: what it runs on.
        model: what runs.
        formats: of weights, activations and the cache.
        tensor: chips of a replica.
        stack: of `data/cost/stacks_fitted.toml`; its kernels are those of its engine.
        max_num_seqs: most sequences of a step.
        host: in place of the stack's own times.
        calibrated: kernels by what was measured of them elsewhere; else by first principles.
        memory_share: of the chip's memory that the engine was given.
        step_tokens: of a step, for which activations are kept.
        drawn: contexts of sequences as they will be found decoding.
    """
    found, read, how = read_chip(chip), read_model(model), scheme(*formats)
    engine = stacks("stacks_fitted")[stack]
    own = engine if host is None else replace(host, engine=engine.engine, fused=engine.fused)
    columns = (Chips.calibrated(found) if calibrated else Chips.of(found)).run_by(own)
    cut = Parallelism(tensor=tensor, pipeline=1, data=1)
    codes = Formats.of(how)
    plan = memory_plan(read, codes, cut, sequences=0.0, context=0.0, step_tokens=float(step_tokens))
    room = float(np.asarray(columns.capacity)) * memory_share - own.reserve_bytes
    room -= float(np.asarray(plan.weights + plan.activations))
    token = float(np.asarray(cache_bytes(read, codes, cut, 2048.0))) / 2048.0
    return Served(
        clock=price_clock(read, how, cut, found, max_num_seqs=max_num_seqs, chips=columns, drawn=drawn),
        kv_tokens=int(room / token),
        first_s=own.first_s,
    )
