"""Engines that stream weights past a small batch: ZeRO-Inference prefetches a layer ahead, Accelerate does not.

source: Aminabadi et al. 2022, DeepSpeed Inference (ZeRO-Inference: all weights on host or NVMe, caches on the device);
        Hugging Face Accelerate's device map: fill the device, then the host, then storage, and load a layer when its
        turn has come.
keeps:  with prefetch a step takes the longer of the weights' transfer and the arithmetic; without, their sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from interlock.models import Model, Scheme
from interlock.offloading.machine import Machine
from interlock.offloading.policy import Offloaded, with_shares

Tier = Literal["host", "storage"]


def zero_inference(
    model: Model,
    machine: Machine,
    kept: Scheme,
    *,
    prompt: float,
    output: float,
    batch: int,
    weights: Tier = "host",
    cache: Literal["device", "host"] = "device",
) -> Offloaded:
    """All weights on one tier behind the device, streamed layer by layer with prefetch."""
    on_host, near = float(weights == "host"), float(cache == "device")
    shares = (0.0, on_host, near, 1.0 - near, 1.0, 0.0)
    return with_shares(model, machine, kept, shares, prompt=prompt, output=output, batch=batch)


def accelerate(model: Model, machine: Machine, kept: Scheme, *, prompt: float, output: float, batch: int) -> Offloaded:
    """Weights fill the device first, then the host, then storage; nothing overlaps."""
    empty = with_shares(model, machine, kept, (0.0, 1.0, 1.0, 0.0, 1.0, 0.0), prompt=prompt, output=output, batch=batch)
    weights = empty.used["host"]
    free = max(machine.device_bytes - empty.used["device"], 0.0)
    near = min(free / weights, 1.0)
    buffers = 2.0 / model.main.depth  # two layers on their way from storage
    host = min(max(machine.host_bytes / weights - buffers, 0.0), 1.0 - near)
    found = with_shares(
        model, machine, kept, (near, host, 1.0, 0.0, 1.0, 0.0), prompt=prompt, output=output, batch=batch
    )
    serial = sum(found.prefill_s.values()) + (output - 1.0) * sum(found.decode_s.values())
    return found if found.missing else replace(found, seconds=serial)
