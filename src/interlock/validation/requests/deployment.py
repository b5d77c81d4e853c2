"""What rows of one group share: a model in its formats, cut over chips of one kind.

keeps:   times are of the chips alone; what the stack adds is counted in steps and added last.
departs: chips whose link nobody published talk at its latency alone, since the rows say that they reached each other.
         Where no engine's rate is published, only the memory limits decoding, and reading prompts is not predicted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips
from interlock.cost.stack import Stack, Work
from interlock.hardware import Chip
from interlock.hardware.catalogue import chip as read_chip
from interlock.inference.memory import cache_bytes, memory_plan
from interlock.inference.step_cost import price_step
from interlock.models import Formats, Model, Step, decode, prefill, scheme
from interlock.models import model as read_model
from interlock.operators import Array
from interlock.parallel import Parallelism
from interlock.parallel.collectives import TOPOLOGIES

Floats = NDArray[np.float64]

# Three Gauss-Legendre points in (0, 1) and their weights: exact for times that grow as any polynomial up to degree 5.
_POINTS: Final = 0.5 + 0.5 * np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)])
_WEIGHTS: Final = np.array([5.0, 8.0, 5.0]) / 18.0
STEP_TOKENS: Final = 8192.0  # engines read long prompts in steps of a few thousand tokens
_NO_ARITHMETIC: Final = ("executorch",)  # runs on the CPU beside the engine that the catalogue describes


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One model on one group of chips, run by a stack; `arithmetic`: whether the chips' rate of it is known."""

    model: Model
    formats: Formats
    parallelism: Parallelism
    chips: Chips
    skew: float = 0.0
    arithmetic: bool = True

    @property
    def stages(self) -> float:
        """Pipeline stages."""
        return float(np.asarray(self.parallelism.pipeline))

    def fitting(self, context: Floats, step_tokens: Floats) -> Floats:
        """Sequences of `context` tokens that one replica holds at once: at least 1, since the rows did run."""
        fixed = memory_plan(
            self.model,
            self.formats,
            self.parallelism,
            sequences=0.0,
            context=context,
            step_tokens=np.minimum(step_tokens, STEP_TOKENS),
        )
        each = cache_bytes(self.model, self.formats, self.parallelism, context)
        usable = np.where(np.isnan(self.chips.usable), np.inf, self.chips.usable)
        room = usable - fixed.total
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.maximum(np.floor(np.where(np.asarray(each) > 0, room / each, 1e9)), 1.0)

    def work(self, step: Step) -> Work:
        """What a step through all stages is made of."""
        found = price_step(self.model, step, self.formats, self.parallelism, self.chips, skew=self.skew).work
        assert found is not None  # a stack runs these chips
        return found

    def reading(self, sequences: Floats, prompt: Floats, chunk: Floats) -> Work:
        """The work to read the prompts of `sequences` together, `chunk` tokens of each in a step.

        Stages work on different sequences, or on different chunks of one, at the same time.
        """
        chunks = np.ceil(prompt / chunk)
        size = prompt / chunks
        at = _POINTS * np.maximum(prompt - size, 0.0)[..., None]
        each = mean(self.work(prefill(self.together(sequences)[..., None], size[..., None], at)), at)
        pieces = chunks * np.minimum(np.maximum(sequences, 1.0), self.stages)
        known = 1.0 if self.arithmetic else np.nan
        found: Work = each * (pieces + self.stages - 1.0) / self.stages * known
        return found

    def each_token(self, sequences: Floats, start: Floats, tokens: Floats) -> Work:
        """The work of a decode step, on average while the contexts of `sequences` grow from `start` by `tokens`."""
        at = growing(start, tokens)
        return mean(self.work(decode(self.together(sequences)[..., None], at)), at)

    def together(self, sequences: Floats) -> Floats:
        """Sequences in one step: each stage has its own."""
        return np.maximum(sequences / self.stages, 1.0)


def deployment(
    chip: str,
    model: str,
    formats: tuple[str, str, str],
    degrees: tuple[float, float, float, float],
    *,
    stack: Stack,
    skew: float,
    calibrated: bool,
    bound: bool = False,
) -> Deployment:
    """The deployment of a group of rows.

    Args:
        chip: its id.
        model: its name in the catalogue.
        formats: of weights, activations and KV cache.
        degrees: tensor, pipeline, expert and data.
        stack: what runs it.
        skew: how unevenly tokens choose experts.
        calibrated: kernels by what was measured of them; else by first principles.
        bound: full peaks, no launches and no latencies, so that nothing can be faster.

    Raises:
        InputError: a name that no catalogue has.
    """
    tensor, pipeline, expert, data = degrees
    found = read_chip(chip)
    columns = _at_peak(found) if bound else Chips.calibrated(found) if calibrated else Chips.of(found)
    columns = columns.run_by(stack)
    arithmetic = bool(np.isfinite(columns.peak).any()) and stack.name not in _NO_ARITHMETIC
    return Deployment(
        model=read_model(model),
        formats=Formats.of(scheme(formats[0], formats[1], formats[2])),
        parallelism=Parallelism(tensor=tensor, pipeline=pipeline, expert=expert, data=data),
        chips=_linked(columns if arithmetic else replace(columns, peak=np.full_like(columns.peak, np.inf))),
        skew=skew,
        arithmetic=arithmetic,
    )


def growing(start: Floats, tokens: Floats) -> Floats:
    """Contexts that stand for all those between `start` and `tokens` more, along a last axis."""
    return start[..., None] + _POINTS * tokens[..., None]


def mean(values: Array, like: Floats) -> Floats:
    """The mean over the last axis of `growing`."""
    found: Floats = ((values + np.zeros_like(like)) * _WEIGHTS).sum(axis=-1)
    return found


def _linked(columns: Chips) -> Chips:
    if np.isfinite(columns.links.bandwidth):
        return columns
    switch = float(TOPOLOGIES.index("switch"))
    free = replace(columns.links, topology=switch, bandwidth=np.inf, pair_bandwidth=np.inf, domain=1024.0)
    return replace(columns, links=free)


def _at_peak(chip: Chip) -> Chips:
    """A chip as its datasheet prints it: whole peaks, no tiles, an endless cache, no launches, no latencies."""
    whole = replace(chip.achieved, matrix=1.0, vector=1.0, bandwidth=1.0, link=1.0, memory=1.0, launch=0.0)
    best = Chips.of(replace(chip, achieved=whole))
    return replace(
        best,
        attention=1.0,
        cache_bandwidth=np.nan,
        cache=1e18,
        blocks=np.zeros_like(best.blocks),
        granule=np.ones_like(best.granule),
        links=replace(best.links, latency=0.0, out_latency=0.0),
    )
