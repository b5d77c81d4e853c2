"""How a model is cut: tensor, pipeline, expert and data parallel degrees, as numbers or columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.operators import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallelism:
    """Degrees of parallelism; fields are numbers or arrays that broadcast.

    A replica has tensor x pipeline chips; `data` replicas serve different requests. Experts are dealt out to `expert`
    ranks: up to `tensor` of them lie inside one replica's group and need no exchange of their own, since every chip
    there has every token; more than `tensor` ranks span `expert / tensor` replicas (attention is data parallel),
    which exchange tokens all-to-all.
    """

    tensor: Array = 1
    pipeline: Array = 1
    expert: Array = 1
    data: Array = 1
    sequence: bool = False

    @property
    def chips(self) -> Array:
        """All chips of the deployment."""
        return self.tensor * self.pipeline * self.data

    @property
    def attention_groups(self) -> Array:
        """Replicas that share one set of experts."""
        return np.maximum(np.asarray(self.expert) / self.tensor, 1.0)[()]

    @property
    def expert_tensor(self) -> Array:
        """Chips over which each expert is cut."""
        return np.maximum(np.asarray(self.tensor) / self.expert, 1.0)[()]

    @property
    def name(self) -> str:
        """Short, for tables: TP4 PP2 DP2, leaving out what is 1."""
        parts = (("TP", self.tensor), ("PP", self.pipeline), ("EP", self.expert), ("DP", self.data))
        return " ".join(f"{label}{int(np.asarray(size))}" for label, size in parts if np.asarray(size) > 1) or "1 chip"
