"""What must lie in each chip's memory: weights, KV cache and states, activations.

keeps: weights and caches of the whole group add up to the model's, except what tensor parallelism repeats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.models import Formats, Model
from interlock.models.blocks import Weight
from interlock.operators import Array, Split
from interlock.parallel import Parallelism


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes on the fullest chip."""

    weights: Array
    kv: Array
    activations: Array

    @property
    def total(self) -> Array:
        """All of it."""
        return self.weights + self.kv + self.activations


def memory_plan(
    model: Model,
    formats: Formats,
    parallelism: Parallelism,
    *,
    sequences: Array,
    context: Array,
    step_tokens: Array,
    encoder_context: Array | None = None,
) -> Memory:
    """Bytes a chip needs.

    Args:
        model: what runs.
        formats: bytes an element by tensor class.
        parallelism: the degrees.
        sequences: sequences whose caches one replica holds at once.
        context: tokens in the cache of each.
        step_tokens: the most tokens that go through a layer in one step.
        encoder_context: tokens of the encoder's input, which cross-attention keeps; as `context` if None.
    """
    return Memory(
        weights=weight_bytes(model, formats, parallelism),
        kv=sequences * cache_bytes(model, formats, parallelism, context, encoder_context),
        activations=_activation_bytes(model, formats, parallelism, step_tokens),
    )


def weight_bytes(model: Model, formats: Formats, parallelism: Parallelism | None = None) -> Array:
    """Bytes of the weights on the fullest chip; of the whole model without parallelism.

    Embeddings lie on the first pipeline stage and the head on the last, so with several stages the larger of the two
    stands beside a stage's layers.
    """
    p = parallelism or Parallelism()
    stages = _stage_share(model, p)
    total: Array = 0.0
    ends: dict[str, Array] = {"embedding": 0.0, "head": 0.0}
    for weight, repeats in model.weights():
        each = weight.elements * repeats * _element_bytes(weight, formats) / _cut(weight, p)
        if weight.group in ends:
            ends[weight.group] = ends[weight.group] + each
        else:
            total = total + each * (stages if repeats > 1 else 1.0)
    first, last = ends["embedding"], ends["head"]
    return total + np.where(np.asarray(p.pipeline) > 1, np.maximum(first, last), first + last)[()]


def cache_bytes(
    model: Model,
    formats: Formats,
    parallelism: Parallelism | None,
    context: Array,
    encoder_context: Array | None = None,
) -> Array:
    """Bytes of one sequence's KV cache and states on the fullest chip, with `context` tokens."""
    if model.decoder is None:
        return 0.0
    p = parallelism or Parallelism()
    total: Array = 0.0
    for layer in model.decoder.layers:
        for cache in layer.caches():
            length = encoder_context if cache.encoder and encoder_context is not None else context
            kept = length if cache.window is None else np.minimum(length, cache.window)
            tokens = cache.token_elements * kept * formats.kv / np.minimum(p.tensor, cache.ways or 10**9)
            state = cache.state_elements * formats.state / np.minimum(p.tensor, cache.state_ways or 10**9)
            total = total + layer.count * (tokens + state)
    return total * _stage_share(model, p)


def _stage_share(model: Model, p: Parallelism) -> Array:
    """The fullest stage's share of the layers."""
    depth = model.main.depth
    return np.ceil(depth / np.asarray(p.pipeline)) / depth


def _cut(weight: Weight, p: Parallelism) -> Array:
    if weight.split is Split.REPLICATED or weight.split is Split.ROWS:
        return 1.0
    if weight.group == "expert":
        return np.maximum(p.expert, p.tensor)
    return p.tensor if weight.ways is None else np.minimum(p.tensor, weight.ways)


def _element_bytes(weight: Weight, formats: Formats) -> Array:
    if weight.group in {"linear", "expert"}:
        return formats.weight
    return formats.head if weight.group in {"embedding", "head"} else formats.wide


def _activation_bytes(model: Model, formats: Formats, p: Parallelism, step_tokens: Array) -> Array:
    """Working memory: the residual stream twice and the widest intermediate of a layer, for the tokens of one step."""
    stack = model.main
    widest = max(
        max((weight.elements // stack.width for weight in layer.weights(stack.width) if weight.group == "linear"),
            default=stack.width)
        for layer in stack.layers
    )  # fmt: skip
    return step_tokens * (4.0 * stack.width + widest / p.tensor) * formats.wide
