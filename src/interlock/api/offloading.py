"""A model that does not fit its device: the best way to run it over host memory and storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from interlock.api.accepted import bytes_of, loaded_format, resolve_model, size_of, tokens_of
from interlock.catalogue import canonical
from interlock.errors import InputError, UnknownNameError, shown
from interlock.hardware import Chip
from interlock.hardware import chip as read_chip
from interlock.hardware import node as nodes
from interlock.inference.request import check_length
from interlock.models import Model, Scheme, scheme
from interlock.offloading import Machine, Offloaded, altered, best_policy, machine_of, with_processor, with_shares
from interlock.offloading.weight_streaming import accelerate, zero_inference
from interlock.units import parse

METHODS: Final = ("flexgen", "zero-inference", "accelerate")
_WHERE: Final = {
    "device_bytes": ("--device-memory", "bytes"),
    "host_bytes": ("--host-memory", "bytes"),
    "storage_bytes": ("--disk", "bytes"),
    "to_device": ("--link", "bytes/s"),
    "storage_read": ("--disk-read", "bytes/s"),
    "storage_write": ("--disk-write", "bytes/s"),
}


def offload(
    model: str | Model,
    chip: str | Chip,
    *,
    method: str = "flexgen",
    weight_format: str | None = None,
    kv_cache_dtype: str | None = None,
    prompt: float = 512.0,
    output: float = 32.0,
    batch: int | None = None,
    gpu_batch_size: int | None = None,
    percent: Sequence[float] | None = None,
    cpu_attention: bool | None = None,
    processor: str | None = None,
    **sizes: str | float | None,
) -> Offloaded:
    """The policy of the highest throughput for a model over device, host and storage.

    Args:
        model: what runs.
        chip: a chip, or a node by its name, with the host that the catalogue knows.
        method: "flexgen", "zero-inference" or "accelerate".
        weight_format: in which weights are kept and moved; as the checkpoint if None.
        kv_cache_dtype: the same for caches; 16 bits if None.
        prompt: tokens in.
        output: tokens out.
        batch: sequences that run together; searched if None.
        gpu_batch_size: sequences on the device at once; searched if None.
        percent: weights, cache and activations on device and host, six numbers as FlexGen's; solved for if None.
        cpu_attention: whether the processor attends to caches outside the device; the faster if None.
        processor: the host's, by its name among the chips; the node's if None.
        **sizes: device_bytes, host_bytes, storage_bytes, to_device, storage_read, storage_write, where they differ.

    Raises:
        InputError: a name, size or length that is not accepted.
        MissingExtraError: SciPy is not installed.
    """
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS, "--method")
    found = resolve_model(model)
    check_length(found, tokens_of(prompt, "--prompt"), tokens_of(output, "--output"))
    kept = _kept(found, weight_format, kv_cache_dtype)
    place = _machine(chip, processor, sizes)
    together = None if batch is None else size_of(batch, "--batch")
    each = None if gpu_batch_size is None else size_of(gpu_batch_size, "--gpu-batch-size")
    if together is not None and each is not None and together % each:
        raise InputError("--batch", str(together), f"a multiple of --gpu-batch-size {each}")
    load: dict[str, Any] = {"prompt": float(prompt), "output": float(output)}
    if percent is not None:
        size = each or together or 1
        shares, count = _shares(percent), (together or size) // size
        way = bool(cpu_attention)
        return with_shares(found, place, kept, shares, batch=size, batches=count, host_attention=way, **load)
    if method == "flexgen":
        return best_policy(found, place, kept, batch=each, sequences=together, host_attention=cpu_attention, **load)
    return _streamed(method, found, place, kept, together or each, load)


def _streamed(
    method: str, model: Model, place: Machine, kept: Scheme, batch: int | None, load: dict[str, Any]
) -> Offloaded:
    """Weights streamed past one batch: the given one, or the largest power of two that fits."""
    best: Offloaded | None = None
    for size in (batch,) if batch else (2**power for power in range(11)):
        tried = [accelerate(model, place, kept, batch=size, **load)] if method == "accelerate" else [
            zero_inference(model, place, kept, batch=size, weights=tier, **load) for tier in ("host", "storage")
        ]  # fmt: skip
        fits = [each for each in tried if not each.missing]
        if not fits:
            return best or tried[0]
        best = min(fits, key=lambda each: each.seconds)
    assert best is not None
    return best


def _kept(model: Model, weights: str | None, cache: str | None) -> Scheme:
    return scheme(weights or loaded_format(model), "fp16" if model.stored_format == "fp16" else "bf16", cache)


def _machine(chip: str | Chip, processor: str | None, sizes: dict[str, str | float | None]) -> Machine:
    if isinstance(chip, str) and canonical(chip) in nodes.known_names():
        place = machine_of(nodes.node(chip))
    else:
        place = machine_of(chip if isinstance(chip, Chip) else read_chip(chip, "--chip"))
    if processor is not None:
        place = with_processor(place, read_chip(processor, "--processor"))
    unknown = set(sizes) - set(_WHERE)
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown.pop()!r}")
    changes: dict[str, float | None] = {}
    for key, value in sizes.items():
        flag, unit = _WHERE[key]
        number = parse(value, unit, where=flag) if isinstance(value, str) else value
        if unit == "bytes":
            number = bytes_of(number, flag)
        elif number is not None and not 0 < number < np.inf:
            raise InputError(flag, shown(value), "more than 0 bytes/s")
        changes[key] = number
    changed = altered(place, changes)
    if not np.isfinite(changed.device_bytes):
        raise InputError("--chip", place.name, "a chip whose memory is published, or --device-memory as well")
    if changed.storage_bytes > 0 and changed.storage_read <= 0:
        raise InputError("--disk", shown(sizes.get("storage_bytes")), "a rate as well, such as --disk-read 2GB/s")
    if changed.host_bytes > 0 and changed.to_device <= 0:
        raise InputError("--host-memory", shown(sizes.get("host_bytes")), "a rate as well, such as --link 12GB/s")
    return changed


def _shares(percent: Sequence[float]) -> list[float]:
    """Six shares from six numbers of percent.

    Raises:
        InputError: not six, negative, or more than 100 for one kind of tensor.
    """
    values = np.asarray(percent, dtype=float)
    if values.shape != (6,) or np.any(values < 0) or np.any(values.reshape(-1, 2).sum(axis=1) > 100):
        raise InputError("--percent", shown(list(percent)), "six numbers: weights, cache, activations on device, host")
    return list(values / 100.0)
