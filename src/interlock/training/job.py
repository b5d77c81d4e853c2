"""What is trained, on how many chips, and how it is cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from interlock.errors import InputError
from interlock.models import Formats, Model, scheme
from interlock.operators import Array
from interlock.parallel import Parallelism

Recompute = Literal["none", "selective", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One step: `batch` sequences of `tokens` in all, `microbatch` of them through a replica at a time.

    Numbers may be arrays that broadcast. `chunks`: model chunks of each pipeline stage (interleaved schedule).
    `recompute`: nothing, the core of attention, or every layer from its input. `zero`: what data-parallel replicas
    share out: 0 nothing, 1 optimizer states, 2 gradients, too, 3 weights, too. `fused_attention`: scores never reach
    memory. `dropout`: masks are drawn and kept. `gradient_bytes`: an element of the accumulated gradients.
    """

    model: Model
    batch: Array
    microbatch: Array
    tokens: Array
    parallelism: Parallelism = field(default_factory=Parallelism)
    chunks: Array = 1
    recompute: Recompute = "none"
    zero: int = 0
    fused_attention: bool = True
    dropout: bool = False
    gradient_bytes: float = 4.0
    formats: Formats = field(default_factory=lambda: Formats.of(scheme()))

    def __post_init__(self) -> None:
        if self.zero not in range(4):
            raise InputError("zero", str(self.zero), "a stage from 0 to 3")
        if self.model.decoder is None or self.model.encoder is not None or self.model.vision is not None:
            raise InputError(self.model.name, f"a model of {self.model.architecture}", "a decoder of text alone")
        whole = np.asarray(self.microbatches, dtype=float)
        if np.any(whole < 1) or np.any(np.abs(whole - np.round(whole)) > 1e-9):
            raise InputError("batch", "sequences that do not divide", "a multiple of microbatch x data-parallel degree")

    @property
    def microbatches(self) -> Array:
        """Micro batches that each replica works through in a step."""
        found: Array = np.asarray(self.batch) / (np.asarray(self.microbatch) * np.asarray(self.parallelism.data))
        return found

    @property
    def chips(self) -> Array:
        """All chips."""
        return self.parallelism.chips
