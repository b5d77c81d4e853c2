"""What the chips of a configuration hold, and which machine should become which part of another.

idea:    pipeline d, stage p of P, shard t of T holds layers [p/P, (p+1)/P) and of each the part [t/T, (t+1)/T), of the
         weights and of the caches of its pipeline. What a chip keeps when it becomes another is the overlap. Machines
         are matched to machines' worth of places, and within each pair chips to places, so that most is kept (Miao et
         al., "SpotServe: Serving Generative LLMs on Preemptible Instances", ASPLOS 2024, on device mapping).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.serving.spot.matching import assignment

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One pipeline: `tensor` chips share every layer, `stages` share the layers."""

    tensor: int
    stages: int

    @property
    def chips(self) -> int:
        """Of one pipeline."""
        return self.tensor * self.stages


def places(shape: Shape, pipelines: int) -> Floats:
    """(places, 5): pipeline, first and last layer, first and last part, the latter four as shares."""
    d, p, t = (axis.ravel() for axis in np.mgrid[0:pipelines, 0 : shape.stages, 0 : shape.tensor])
    return np.stack([d, p / shape.stages, (p + 1) / shape.stages, t / shape.tensor, (t + 1) / shape.tensor], axis=1)


def kept(old: Floats, new: Floats, weight_bytes: float, cache_bytes: float) -> Floats:
    """(old, new): bytes that a chip keeps; `cache_bytes` are those of one pipeline, kept where the pipeline stays."""
    a, b = old[:, None], new[None]
    layers = np.maximum(np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 1], b[..., 1]), 0.0)
    parts = np.maximum(np.minimum(a[..., 4], b[..., 4]) - np.maximum(a[..., 3], b[..., 3]), 0.0)
    return np.asarray(layers * parts * (weight_bytes + cache_bytes * (a[..., 0] == b[..., 0])))


def mapping(
    held: list[Floats | None], new: Floats, size: int, weight_bytes: float, cache_bytes: float
) -> tuple[list[int], Floats]:
    """Which machine takes which block of places, and the bytes that each of these blocks has to fetch.

    Args:
        held: the places that each machine has held, None for one that is new.
        new: places of the new configuration, block after block.
        size: chips of a machine, places of a block.
        weight_bytes: of the whole model.
        cache_bytes: of one pipeline.
    """
    blocks = new.reshape(-1, size, 5)
    keeps = np.zeros((len(blocks), len(held)))
    for j, have in enumerate(held):
        for i, block in enumerate(blocks):
            if have is not None:
                each = kept(have, block, weight_bytes, cache_bytes)
                keeps[i, j] = each[assignment(-each.T), np.arange(size)].sum()
    machine = assignment(-keeps)
    share = (blocks[:, :, 2] - blocks[:, :, 1]) * (blocks[:, :, 4] - blocks[:, :, 3])
    need = share.sum(axis=1) * (weight_bytes + cache_bytes)
    return machine.tolist(), need - keeps[np.arange(len(blocks)), machine]
