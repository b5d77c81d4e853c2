"""What attention kernels lose on batches of unlike sequences: prompts beside decoding, long ones beside short.

idea:    FlashAttention-2 computes a step that holds a chunk of a prompt with its kernel for prompts, which takes each
         query head alone, so that a cache is read (from the second level, mostly) once a head instead of once a
         group: decoding beside a chunk takes 1 + unpacked (group - 1) times its time alone. Where there are blocks
         enough for all cores, no cache is split, and the longest sequence finishes last and alone: a decode step takes
         uneven cores / (n kv_heads) of the way from the time at the mean context to that at the longest.
symbols: group, query heads that share a key-value head; n, sequences that decode; unsplit, blocks a core.
keeps:   takes the place of a stack's pace of grouped attention, which was fitted to served batches on other chips.
departs: kernels for Hopper and datacenter Blackwell pack the heads of a group and balance the work; nothing is added.
source:  `data/cost/ragged.toml`; Dao, "FlashAttention-2", ICLR 2024, for the tiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.parameters import table
from interlock.cost.stack import Stack
from interlock.hardware import Chip

Floats = NDArray[np.float64]
_DRAWS: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ragged:
    """What the attention kernels of a chip lose; nothing by default."""

    unpacked: float = 0.0
    uneven: float = 0.0
    unsplit: float = 0.0
    cores: float = 1.0

    def beside(self, group: float) -> float:
        """Time of decoding in a step that also reads a prompt, over its time alone."""
        return 1.0 + self.unpacked * (group - 1.0)

    def lengthened(self, sequences: Floats, kv_heads: float, contexts: Floats) -> Floats:
        """Mean context that costs as much as sequences of unlike contexts do, over their mean.

        Args:
            sequences: that decode together, (n,).
            kv_heads: of one chip.
            contexts: drawn from those that sequences have, (m,).
        """
        if self.uneven == 0.0 or contexts.size == 0:
            return np.ones_like(sequences)
        blocks = sequences * kv_heads / self.cores
        share = np.where(blocks >= self.unsplit, self.uneven / blocks, 0.0)
        return np.asarray(1.0 + share * (longest(sequences, contexts) / contexts.mean() - 1.0))


def ragged(chip: Chip, stack: Stack | None) -> Ragged:
    """Of the kernels that a stack uses on a chip; nothing is lost where no stack is said."""
    data, engine = table("ragged")["flash-attention-2"], chip.engines.get("matrix")
    if stack is None or stack.name not in data["stacks"] or chip.id not in data["chips"]:
        return Ragged()
    if engine is None or not engine.cores:
        return Ragged()
    shares = {name: float(data[name]) for name in ("unpacked", "uneven", "unsplit")}
    return Ragged(**shares, cores=float(engine.cores))


def longest(sequences: Floats, contexts: Floats) -> Floats:
    """Expected longest of n contexts drawn from m, exactly: the i-th of them has (i / m)^n of being no shorter."""
    below = np.arange(contexts.size + 1) / contexts.size
    return np.asarray(np.diff(below[None, :] ** sequences[:, None], axis=1) @ np.sort(contexts))


def decoding_contexts(prompt: NDArray[np.int64], output: NDArray[np.int64]) -> Floats:
    """Contexts at which sequences are found decoding: each as often as it has tokens to make, somewhere in between."""
    if prompt.size == 0:
        return np.zeros(0)
    rng = np.random.default_rng(0)
    picked = rng.choice(prompt.size, size=_DRAWS, p=output / output.sum())
    return np.asarray(prompt[picked] + rng.random(_DRAWS) * output[picked])
