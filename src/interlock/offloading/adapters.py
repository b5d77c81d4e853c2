"""Many LoRA adapters on one base model: paged beside the cache, loaded from the host, multiplied in one kernel.

source:  Sheng et al. 2024, S-LoRA (unified paging, adapters in host memory); Chen et al. 2024, Punica (segmented gather
         matrix-vector product); Che et al. 2002 (hits of a least-recently-used memory).
symbols: A adapters of which request i asks with probability p_i ~ rank ** -skew; b sequences in a step; r rank.
keeps:   a step reads each adapter that it uses once, whatever the number of its sequences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.inference.step_cost import price_step
from interlock.models import Formats, Model, decode, lower, scheme
from interlock.offloading.machine import Machine
from interlock.operators import Kind
from interlock.parallel import Parallelism

Floats = NDArray[np.float64]
_FUSED: Final = frozenset({"key_value", "gate_up"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterStep:
    """A decode step with adapters: means, in seconds. `merged_s` is what one step for each adapter takes."""

    base_s: float
    gathered_s: float
    loading_s: float
    merged_s: float
    distinct: float
    hit_rate: float
    bytes: float  # of one adapter

    @property
    def step_s(self) -> float:
        """Base model and gathered products; what is loaded overlaps, as it is asked for a step ahead."""
        return max(self.base_s + self.gathered_s, self.loading_s)


def adapter_elements(model: Model, rank: int) -> float:
    """Elements of an adapter on every linear layer outside experts: r (inputs + outputs) each."""
    assert model.decoder is not None
    return float(sum(rank * (k + n) * count for k, n, count in adapted(model)))


def adapted(model: Model) -> list[tuple[float, float, float]]:
    """(k, n, count) of the linear layers that adapters attach to, as checkpoints have them: products that engines fuse,
    keys with values and gates with ups, apart.
    """
    found = []
    for item in lower(model, decode(1.0, 1.0), Formats.of(scheme("fp16", "fp16"))):
        if item.kind is Kind.MATMUL and item.block in {"attention", "mlp"} and item.routing is None:
            k, n, count = (float(np.asarray(value)) for value in (item.k, item.n, item.count))
            parts = 2.0 if item.name.split(".")[-1] in _FUSED else 1.0
            found.append((k, n / parts, count * parts))
    return found


def popularity(adapters: int, skew: float) -> Floats:
    """Probabilities that a request asks for each adapter."""
    weights = np.arange(1, adapters + 1, dtype=float) ** -skew
    return np.asarray(weights / weights.sum())


def distinct_adapters(p: Floats, batch: int) -> float:
    """Mean number of different adapters among the sequences of a step."""
    return float((1.0 - (1.0 - p) ** batch).sum())


def hit_rate(p: Floats, held: int) -> float:
    """The share of requests whose adapter a least-recently-used pool of `held` has: Che's approximation."""
    if held >= len(p):
        return 1.0
    if held <= 0:
        return 0.0
    low, high = 0.0, float(held) / float(p.min())
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if (1.0 - np.exp(-p * middle)).sum() < held else (low, middle)
    return float((p * (1.0 - np.exp(-p * high))).sum())


def adapter_step(
    model: Model,
    machine: Machine,
    formats: Formats,
    *,
    adapters: int,
    rank: int,
    batch: int,
    context: float,
    output: float,
    pool: float,
    skew: float = 0.0,
) -> AdapterStep:
    """The mean decode step of a full batch.

    Args:
        model: the base.
        machine: its device, and the link that adapters come over.
        formats: of the base; adapters have its wide format.
        adapters: A, all of them in host memory.
        rank: r.
        batch: b.
        context: tokens in the cache.
        output: tokens of a request, so that b / output requests begin with each step.
        pool: bytes of the device that adapters may have beside the caches.
        skew: of their popularity.
    """
    size = adapter_elements(model, rank) * float(formats.wide)
    p = popularity(adapters, skew)
    distinct = distinct_adapters(p, batch)
    hits = hit_rate(p, int(pool // size))
    base = float(price_step(model, decode(float(batch), context), formats, Parallelism(), machine.chips).time)
    alone = float(price_step(model, decode(batch / distinct, context), formats, Parallelism(), machine.chips).time)
    launches = 2.0 * sum(count for _, _, count in adapted(model))
    gathered = distinct * size / float(machine.chips.bandwidth) + launches * float(machine.chips.launch)
    return AdapterStep(
        base_s=base,
        gathered_s=gathered,
        loading_s=batch / output * (1.0 - hits) * size / machine.to_device,
        merged_s=distinct * alone,
        distinct=distinct,
        hit_rate=hits,
        bytes=size,
    )
