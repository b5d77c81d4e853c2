"""What one layer asks of a machine: bytes by tensor class, seconds on device and host, for columns of batches.

idea:    the cost model prices the model's own operators for every batch at once; a layer is the mean of all of them,
         embeddings and head included.
symbols: b sequences in one batch on the device, s prompt tokens, n output tokens.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from interlock.cost import Chips
from interlock.cost.parameters import table
from interlock.errors import UnsupportedError
from interlock.hardware.chip import Engine
from interlock.inference.memory import cache_bytes, memory_plan, weight_bytes
from interlock.inference.step_cost import StepCost, price_step
from interlock.models import Formats, Model, Scheme, decode, prefill
from interlock.models.formats import scheme
from interlock.offloading.machine import Machine
from interlock.operators import Array, Kind
from interlock.parallel import Parallelism

_ALONE = Parallelism()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWork:
    """Of one layer, for each b: bytes, and seconds of a batch. `cache_*` are bytes a sequence."""

    layers: int
    weights: float
    cache_prompt: float
    cache_token: float
    cache_mean: float
    cache_full: float
    hidden_token: float
    unpacked_weights: float  # 16-bit copy that a packed layer needs while it is used; 0 where weights are not packed
    batches: Array
    prefill: Array
    decode: Array  # without attention
    attention: Array  # of a decode step, on the device
    host_attention: Array  # the same on the host; inf where the host cannot
    working: Array  # bytes of activations at the prompt's length


def layer_work(
    model: Model, machine: Machine, kept: Scheme, *, batches: Array, prompt: float, output: float
) -> LayerWork:
    """The work of a mean layer.

    Args:
        model: what runs; a decoder.
        machine: where.
        kept: the formats in which weights and caches are kept and moved; below 16 bits they are unpacked by kernels of
            their own before they are used.
        batches: b, a column.
        prompt: s.
        output: n.

    Raises:
        UnsupportedError: not a decoder that generates, or a device whose rates are not known.
    """
    if model.decoder is None or model.encoder is not None or not model.generates:
        raise UnsupportedError(f"offloading {model.name}: only decoders that generate are scheduled")
    wide = kept.wide
    used = Formats.of(scheme(wide if kept.weight.bytes < 2 else kept.weight.name, wide))
    stored = Formats.of(kept)
    layers, middle = model.main.depth, prompt + output / 2.0
    first = price_step(model, prefill(batches, prompt), used, _ALONE, machine.chips)
    each = price_step(model, decode(batches, middle), used, _ALONE, machine.chips)
    attending = attention_seconds(each) + np.zeros_like(np.asarray(batches, dtype=float))  # none in recurrent models
    if not np.all(np.isfinite(np.asarray(first.time + each.time))):
        raise UnsupportedError(f"{machine.name} has no published rate for {wide}, or of its memory")
    weights = float(weight_bytes(model, stored)) / layers
    unpack, pack = _conversion(model, kept, machine, batches, prompt, middle)

    def cache(tokens: float) -> float:
        return float(cache_bytes(model, stored, _ALONE, tokens)) / layers

    plan = memory_plan(
        model, used, _ALONE, sequences=0.0, context=0.0, step_tokens=np.asarray(batches) * prompt
    )  # fmt: skip
    packed = kept.weight.bytes < 2
    return LayerWork(
        layers=layers,
        weights=weights,
        cache_prompt=cache(prompt),
        cache_token=cache(prompt + 1) - cache(prompt),
        cache_mean=cache(middle),
        cache_full=cache(prompt + output),
        hidden_token=model.main.width * float(used.wide),
        unpacked_weights=float(weight_bytes(model, used)) / layers if packed else 0.0,
        batches=batches,
        prefill=first.time / layers + unpack[0] + pack[0],
        decode=(each.time - attending) / layers + unpack[0] + pack[1],
        attention=attending / layers + unpack[1],
        host_attention=_host_attention(model, machine.processor, kept, batches, middle) / layers,
        working=plan.activations,
    )


def attention_seconds(cost: StepCost) -> Array:
    """Seconds of a step that attention over the cache takes."""
    found: Array = 0.0
    for item in cost.operators:
        if item.operator.kind is Kind.ATTENTION:
            found = found + item.total_time
    return found


def _conversion(
    model: Model, kept: Scheme, machine: Machine, b: Array, prompt: float, middle: float
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Seconds a layer and batch to unpack (weights, cache), and to pack the cache of (a prompt, a token)."""
    data, layers = table("offloading"), model.main.depth
    alone = Formats.of(scheme("bf16", "bf16"))
    elements = float(weight_bytes(model, alone)) / 2.0 / layers if kept.weight.bytes < 2 else 0.0
    token = float(cache_bytes(model, alone, _ALONE, 1.0)) / 2.0 / layers if kept.kv.bytes < 2 else 0.0
    per_second = float(machine.chips.bandwidth)
    unpack, pack = data["unpack_bytes"] / per_second, data["pack_bytes"] / per_second
    return (elements * unpack, token * middle * b * unpack), (token * prompt * b * pack, token * b * pack)


def _host_attention(model: Model, processor: Chips | None, kept: Scheme, batches: Array, context: float) -> Array:
    """Seconds of one step's attention on the host, over a cache of 16 bits."""
    if processor is None or kept.kv.bytes < 2:
        return np.full_like(np.asarray(batches, dtype=float), np.inf)
    formats = Formats.of(kept)
    native = any(engine.peaks.keys() & {"bf16", "fp16"} for engine in _engines(processor))
    factor = 1.0 if native else float(table("offloading")["widened_traffic"])
    moved = replace(formats, kv=formats.kv * factor)
    found = attention_seconds(price_step(model, decode(batches, context), moved, _ALONE, processor))
    return found + np.zeros_like(np.asarray(batches, dtype=float))


def _engines(processor: Chips) -> Collection[Engine]:
    assert processor.calibrated_on is not None
    return processor.calibrated_on.engines.values()
