"""The best way to run a model that does not fit: sizes of block outside, placement by linear program inside.

source: Sheng et al. 2023, FlexGen: enumerate (batch on the device, block), solve the program for each, keep the best.
keeps:  throughput counts the tokens of a block over prefill and all decode steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.models import Model, Scheme
from interlock.offloading.block import STREAMS, Block, Row, block
from interlock.offloading.linear_program import place
from interlock.offloading.machine import TIERS, Machine
from interlock.offloading.work import LayerWork, layer_work
from interlock.units import show

BATCHES: Final = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
BLOCKS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offloaded:
    """How a model runs offloaded; SI units. `missing`: bytes by tier where nothing fits; figures are then nan."""

    model: Model
    machine: Machine
    kept: Scheme
    prompt: float
    output: float
    batch: int
    batches: int
    host_attention: bool
    shares: Row | None
    prefill_s: dict[str, float]  # of the whole prefill, by stream
    decode_s: dict[str, float]  # of one step, by stream
    used: dict[str, float]  # bytes by tier
    seconds: float
    missing: dict[str, float]

    @property
    def sequences(self) -> int:
        """The effective batch: sequences in a block."""
        return self.batch * self.batches

    @property
    def tokens_per_s(self) -> float:
        """Output tokens a second, prefill included."""
        return self.sequences * self.output / self.seconds

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing, if it does not run."""
        return tuple(
            f"{show(amount, 'B')} more {_TIER_WORDS.get(tier, 'memory on ' + self.machine.name)} needed"
            for tier, amount in self.missing.items()
            if amount > 0
        )

    def bound(self, phase: str) -> str:
        """The stream that a phase waits for."""
        streams = self.prefill_s if phase == "prefill" else self.decode_s
        return max(streams, key=lambda name: streams[name])


_TIER_WORDS: Final = {"host": "host memory", "storage": "storage"}


def best_policy(
    model: Model,
    machine: Machine,
    kept: Scheme,
    *,
    prompt: float,
    output: float,
    batch: int | None = None,
    sequences: int | None = None,
    host_attention: bool | None = None,
) -> Offloaded:
    """The policy of the highest throughput.

    Args:
        model: what runs.
        machine: where.
        kept: formats in which weights and caches are kept and moved.
        prompt: tokens in.
        output: tokens out.
        batch: sequences in one batch on the device; searched if None.
        sequences: sequences in a block; searched if None.
        host_attention: whether the processor attends to caches that are not on the device; the faster if None.

    Raises:
        MissingExtraError: SciPy is not installed.
        UnsupportedError: the model does not generate text from text alone.
    """
    sizes = candidates(batch, sequences)
    columns = sorted({size for size, _ in sizes})
    work = layer_work(model, machine, kept, batches=np.array(columns, dtype=float), prompt=prompt, output=output)
    can = bool(np.all(np.isfinite(np.asarray(work.host_attention))))
    ways = [way for way in (False, True) if host_attention in (None, way) and (can or not way)] or [False]
    best: tuple[float, Block, Row] | None = None
    smallest: Block | None = None
    for size, count in sizes:
        for way in ways:
            candidate = block(work, machine, columns.index(size), count, prompt, host_attention=way)
            smallest = smallest or candidate
            if best is not None and candidate.sequences * output / _bound(candidate, output) <= best[0]:
                continue
            found = place(candidate, machine.capacities, output)
            if found.shares is None:
                continue
            rate = candidate.sequences * output / found.seconds
            if best is None or rate > best[0] * (1 + 1e-9):
                best = rate, candidate, found.shares
    common = {"model": model, "machine": machine, "kept": kept, "prompt": prompt, "output": output}
    if best is not None:
        return described(best[1], best[2], **common)  # type: ignore[arg-type]
    assert smallest is not None
    lacks = place(smallest, machine.capacities, output).missing
    return described(smallest, None, missing=dict(zip(TIERS, lacks, strict=True)), **common)  # type: ignore[arg-type]


def with_shares(
    model: Model,
    machine: Machine,
    kept: Scheme,
    shares: Sequence[float],
    *,
    prompt: float,
    output: float,
    batch: int,
    batches: int = 1,
    host_attention: bool = False,
) -> Offloaded:
    """The figures of one placement that is given rather than searched, whether it fits or not.

    Args:
        shares: of weights, cache and activations on device and host, as FlexGen's `--percent` but summing to 1:
            (wg, wc, cg, cc, hg, hc); the rest is on storage.
    """
    work: LayerWork = layer_work(model, machine, kept, batches=np.array([float(batch)]), prompt=prompt, output=output)
    one = block(work, machine, 0, batches, prompt, host_attention=host_attention)
    pairs = np.asarray(shares, dtype=float).reshape(3, 2)
    full = np.hstack([pairs, 1.0 - pairs.sum(axis=1, keepdims=True)]).ravel()
    over = np.maximum(one.memory.at(full) - np.array(machine.capacities), 0.0)
    return described(
        one,
        full,
        model=model,
        machine=machine,
        kept=kept,
        prompt=prompt,
        output=output,
        missing={tier: float(amount) for tier, amount in zip(TIERS, over, strict=True) if amount > 1.0},
    )


def candidates(batch: int | None, sequences: int | None) -> list[tuple[int, int]]:
    """Sizes of batch and counts of batches to try, small blocks first."""
    if batch is not None and sequences is not None:
        return [(batch, max(round(sequences / batch), 1))]
    if sequences is not None:
        counts = [count for count in range(1, 65) if sequences % count == 0]
        return [(sequences // count, count) for count in reversed(counts)]
    return [(size, count) for size in ((batch,) if batch else BATCHES) for count in BLOCKS]


def described(
    one: Block,
    shares: Row | None,
    *,
    model: Model,
    machine: Machine,
    kept: Scheme,
    prompt: float,
    output: float,
    missing: dict[str, float] | None = None,
) -> Offloaded:
    """A block and a placement as figures."""
    nothing = np.full(len(STREAMS), np.nan)
    once = nothing if shares is None else one.prefill.at(shares) * one.layers
    again = nothing if shares is None else one.decode.at(shares) * one.layers
    used = np.full(3, np.nan) if shares is None else one.memory.at(shares)
    return Offloaded(
        model=model,
        machine=machine,
        kept=kept,
        prompt=prompt,
        output=output,
        batch=one.batch,
        batches=one.batches,
        host_attention=one.host_attention,
        shares=shares,
        prefill_s=dict(zip(STREAMS, map(float, once), strict=True)),
        decode_s=dict(zip(STREAMS, map(float, again), strict=True)),
        used=dict(zip(TIERS, map(float, used), strict=True)),
        seconds=np.nan if shares is None or missing else one.seconds(shares, output),
        missing=missing or {},
    )


def _bound(one: Block, output: float) -> float:
    """Seconds that no placement undercuts: every tensor where its streams are idle, arithmetic alone."""
    least = [float(part.constants[0]) for part in (one.prefill, one.decode)]
    attention = float(one.decode.coefficients[0, 3:6].min())
    return one.layers * (least[0] + (output - 1.0) * (least[1] + attention))
