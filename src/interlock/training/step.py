"""The time of one training step: forward, backward and recomputation in a pipeline, reduction of gradients, update.

idea:    a micro batch takes a stage as long as its kernels, or as long as the host needs to launch them, whichever is
         longer. The pipeline's formula makes a step of micro batches. Gradients are reduced behind a share of the last
         backward pass. Adam is a pass over all its states. With weights shared out (ZeRO 3) they are gathered for every
         pass, and gradients scattered, behind the arithmetic.
source:  Narayanan et al. 2021; Korthikanti et al. 2022; Rajbhandari et al. 2020; Kingma and Ba 2015.
symbols: MFU: FLOP that the model needs, three times the forward ones, over the rated peak of all chips.
departs: collectives of tensor parallelism are not hidden behind products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from interlock.cost import Chips, operator_time
from interlock.operators import Array, Kind, Operator
from interlock.operators.operator import total
from interlock.parallel import Parallelism
from interlock.training.communication import (
    between_stages,
    gathered_weights,
    gradients,
    scattered_gradients,
)
from interlock.training.job import Job
from interlock.training.memory import parameters
from interlock.training.operators import backward, forward
from interlock.training.pipeline import pipelined
from interlock.training.stack import TrainingStack

_UPDATE_BYTES: Final = 30.0  # a weight: gradient, copy and moments read; copy, moments and 16-bit weight written
_NORM_BYTES: Final = 8.0  # gradients read for their norm, and set to zero


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """Seconds of a step, in parts that add up to `time`: `work` of the slowest stage, and what comes on top of it."""

    forward: Array
    backward: Array
    recompute: Array
    bubble: Array
    stages: Array
    gradients: Array
    update: Array
    own: Array
    flop: Array
    chips: Array

    @property
    def time(self) -> Array:
        """All of it."""
        busy = self.forward + self.backward + self.recompute
        return busy + self.bubble + self.stages + self.gradients + self.update + self.own

    def mfu(self, peak_flop_per_s: Array) -> Array:
        """Model FLOP utilization, at the rated peak of one chip."""
        return self.flop / (self.time * self.chips * peak_flop_per_s)


@dataclass(frozen=True, slots=True)
class _Part:
    """Seconds of the chip, those of it in fused attention, kernels that the host launches, and collectives."""

    seconds: Array
    attention: Array
    launches: Array
    collectives: Array

    def taking(self, stack: TrainingStack) -> Array:
        """What the chip or the host takes, whichever is longer."""
        attention = self.attention * (1.0 / stack.attention_ratio - 1.0)
        busy = (self.seconds + attention) / stack.pace_ratio
        return np.maximum(busy, self.launches * stack.kernel_s + self.collectives * stack.collective_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWork:
    """What a step is made of before any stack: layers and ends, forward and backward, exchanges, and the update."""

    job: Job
    layers: tuple[_Part, _Part, _Part]  # forward, backward, recomputed
    ends: tuple[tuple[_Part, _Part], tuple[_Part, _Part]]  # embedding and head, forward and backward
    message: Array
    reduced: Array
    gathered: Array
    scattered: Array
    update: Array
    flop: Array

    def under(self, stack: TrainingStack) -> StepTime:
        """The step's time with what a stack adds."""
        job = self.job
        stages, depth = np.asarray(job.parallelism.pipeline, dtype=float), job.model.main.depth
        share = np.ceil(depth / stages) / depth
        ahead, behind = ([part.taking(stack) for part in pair] for pair in self.ends)
        layers, back, again = (part.taking(stack) for part in self.layers)
        layers = np.maximum(layers, self.gathered)
        back = np.maximum(back, self.gathered + self.scattered - again)
        one_end = [
            np.where(stages > 1, np.maximum(part[0], part[1]), part[0] + part[1]) for part in (ahead, behind)
        ]  # of the slowest stage
        message = np.where(stages > 1, self.message + stack.collective_s, 0.0) * 2.0 * job.chunks
        slowest = [layers * share + one_end[0], back * share + one_end[1], again * share]
        through = layers + back + again + sum(ahead) + sum(behind) + message * (stages - 1.0)
        count = job.microbatches
        whole = pipelined(sum(slowest) + message, through + message, count, job.chunks)
        busy = [part * count for part in slowest]
        hidden = back * share * stack.overlap_ratio
        return StepTime(
            forward=busy[0],
            backward=busy[1],
            recompute=busy[2],
            bubble=whole - sum(busy) - message * count,
            stages=message * count,
            gradients=np.maximum(self.reduced - hidden, 0.0),
            update=self.update,
            own=stack.step_s,
            flop=self.flop,
            chips=job.chips,
        )


def train_step(job: Job, chips: Chips, stack: TrainingStack) -> StepTime:
    """Price one step of a job, or of all jobs in its columns."""
    return step_work(job, chips).under(stack)


def step_work(job: Job, chips: Chips) -> StepWork:
    """Price the parts of a step that no stack changes."""
    passes = forward(job)
    nothing = _Part(0.0, 0.0, 0.0, 0.0)
    layers = _priced(passes.layers, chips)
    again = {"none": nothing, "selective": _priced(passes.core, chips), "full": layers}[job.recompute]
    ends = (passes.embedding, passes.head)
    own = parameters(job.model, job.parallelism)
    replicas = np.asarray(job.parallelism.data, dtype=float)
    states, summed = (replicas if job.zero >= stage else 1.0 for stage in (1, 2))
    whole = job.zero == 3
    return StepWork(
        job=job,
        layers=(layers, _priced(backward(passes.layers, job.gradient_bytes), chips), again),
        ends=(
            (_priced(ends[0], chips), _priced(ends[1], chips)),
            (
                _priced(backward(ends[0], job.gradient_bytes), chips),
                _priced(backward(ends[1], job.gradient_bytes), chips),
            ),
        ),
        message=between_stages(job, chips.links),
        reduced=0.0 if whole else gradients(job, chips.links),
        gathered=gathered_weights(job, chips.links) if whole else 0.0,
        scattered=scattered_gradients(job, chips.links, job.gradient_bytes) if whole else 0.0,
        update=own * (_UPDATE_BYTES / states + _NORM_BYTES / summed) / chips.bandwidth,
        flop=3.0 * job.microbatches * job.parallelism.data * _model_flop(job),
    )


def _priced(operators: Sequence[Operator], chips: Chips) -> _Part:
    sums: dict[str, Array] = dict.fromkeys(("seconds", "attention", "launches", "collectives"), 0.0)
    for operator in operators:
        seconds = operator_time(operator, chips).time * operator.count
        launches = operator.count * operator.launches
        sums["seconds"] = sums["seconds"] + seconds
        if operator.kind is Kind.ATTENTION:
            sums["attention"] = sums["attention"] + seconds
        sums["collectives" if operator.kind is Kind.COLLECTIVE else "launches"] += launches
    return _Part(**sums)


def _model_flop(job: Job) -> Array:
    """Forward FLOP of one micro batch over all chips of a replica: products with weights, and attention's square."""
    whole = forward(replace(job, parallelism=Parallelism(data=job.parallelism.data), fused_attention=True))
    return total([*whole.layers, *whole.embedding, *whole.head], "counted_flop")
