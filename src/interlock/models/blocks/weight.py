"""What blocks store: weights by class, and what a sequence leaves behind in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from interlock.operators import Split

WeightClass = Literal["linear", "expert", "embedding", "head", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One kind of weight tensor: `elements` in all, of a class, divided among chips by a split of at most `ways`.

    Classes: "linear" and "expert" are what quantization and pruning change; "embedding" and "head" take the head's
    format; "other" (norms, biases, routers, convolutions, small vectors) keeps 16 bits.
    `used` is the share of the elements that one token passes through: top_k / experts for routed experts.
    """

    name: str
    elements: int
    group: WeightClass
    split: Split = Split.REPLICATED
    ways: int | None = None
    used: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """What a layer keeps for each sequence: elements a token (up to a window), and a state of fixed size.

    `encoder`: the tokens are those of the encoder's input, not those of the sequence.
    """

    token_elements: int = 0
    window: int | None = None
    ways: int | None = None
    state_elements: int = 0
    state_ways: int | None = None
    encoder: bool = False
