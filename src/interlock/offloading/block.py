"""FlexGen's cost model of a block: every stream's seconds and every tier's bytes, affine in where tensors lie.

source:  Sheng et al. 2023, FlexGen (ICML), the zig-zag block schedule and its cost model.
idea:    all batches of a block pass a layer before the next layer's weights are needed, so one load of weights serves
         K batches; loads, stores and arithmetic of neighbouring batches and layers overlap, so a layer takes as long as
         its slowest stream.
symbols: x = (wg, wc, wd, cg, cc, cd, hg, hc, hd): shares of weights, cache and activations on device (g), host (c) and
         storage (d). b sequences a batch, K batches a block, s prompt tokens.
departs: streams are five (both directions of the link and of storage, and arithmetic) and all of them overlap; what
         comes from storage passes the link as well. Embeddings and head are spread over the layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.offloading.machine import Machine
from interlock.offloading.work import LayerWork

STREAMS: Final = ("compute", "to device", "to host", "storage read", "storage write")
SHARES: Final = ("wg", "wc", "wd", "cg", "cc", "cd", "hg", "hc", "hd")
Row = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine:
    """`coefficients @ x + constants`, a row for each stream or tier."""

    coefficients: Row
    constants: Row

    def at(self, x: Row) -> Row:
        """The values for one placement."""
        return np.asarray(self.coefficients @ x + self.constants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One size of block: seconds of a layer in prefill and in a decode step by stream, and bytes by tier."""

    batch: int
    batches: int
    layers: int
    prefill: Affine
    decode: Affine
    memory: Affine
    host_attention: bool

    @property
    def sequences(self) -> int:
        """Sequences in the block."""
        return self.batch * self.batches

    def seconds(self, x: Row, output: float) -> float:
        """Seconds of the whole block: T = l (T_prefill + (n - 1) T_decode), each the slowest stream."""
        once, again = float(self.prefill.at(x).max()), float(self.decode.at(x).max())
        return self.layers * (once + (output - 1.0) * again)


def block(work: LayerWork, machine: Machine, at: int, batches: int, prompt: float, *, host_attention: bool) -> Block:
    """The block of K = `batches` batches of the size `work.batches[at]`.

    Args:
        work: of a layer, for a column of batch sizes.
        machine: its rates.
        at: which size of the column.
        batches: K.
        prompt: s.
        host_attention: whether caches outside the device are attended to by the processor.
    """
    b, k = float(np.asarray(work.batches)[at]), float(batches)
    many = b * k
    hidden_prompt, hidden_token = work.hidden_token * prompt * many, work.hidden_token * many
    compute = {"": k * float(np.asarray(work.prefill)[at])}
    first = _streams(
        machine,
        compute=compute,
        up={"wc": work.weights, "wd": work.weights, "hc": hidden_prompt, "hd": hidden_prompt},
        down={
            "cc": work.cache_prompt * many, "cd": work.cache_prompt * many, "hc": hidden_prompt, "hd": hidden_prompt
        },
        read={"wd": work.weights, "hd": hidden_prompt},
        write={"cd": work.cache_prompt * many, "hd": hidden_prompt},
    )  # fmt: skip
    read, kept = work.cache_mean * many, work.cache_token * many
    here, there = k * float(np.asarray(work.attention)[at]), k * float(np.asarray(work.host_attention)[at])
    elsewhere = there if host_attention else here
    crossing = 2.0 * hidden_token if host_attention else read  # the query out and the result back, or the cache
    again = _streams(
        machine,
        compute={"": k * float(np.asarray(work.decode)[at]), "cg": here, "cc": elsewhere, "cd": elsewhere},
        up={
            "wc": work.weights, "wd": work.weights, "cc": crossing, "cd": crossing, "hc": hidden_token,
            "hd": hidden_token,
        },
        down={"cc": kept, "cd": kept, "hc": hidden_token, "hd": hidden_token},
        read={"wd": work.weights, "cd": read, "hd": hidden_token},
        write={"cd": kept, "hd": hidden_token},
    )  # fmt: skip
    return Block(
        batch=int(b),
        batches=batches,
        layers=work.layers,
        prefill=first,
        decode=again,
        memory=_memory(work, at, many, hidden_prompt, b, host_attention=host_attention, unified=machine.unified),
        host_attention=host_attention,
    )


def _memory(
    work: LayerWork, at: int, many: float, hidden: float, b: float, *, host_attention: bool, unified: bool
) -> Affine:
    """Bytes: what lives on a tier, two buffers for what passes through it, and the device's activations."""
    weights, cache = work.weights * work.layers, work.cache_full * work.layers * many
    buffer = 2.0 * work.weights
    passing = 0.0 if host_attention else 2.0 * work.cache_full * b
    device = {
        "": float(np.asarray(work.working)[at]) + work.unpacked_weights + work.cache_prompt * b,
        "wg": weights,
        "wc": buffer,
        "wd": buffer,
        "cg": cache,
        "cc": passing,
        "cd": passing,
        "hg": hidden,
    }
    staged = 0.0 if unified else 1.0  # where memory is one, storage is read into the device's buffers
    host = {
        "wc": weights, "wd": staged * buffer, "cc": cache, "cd": staged * 2.0 * work.cache_full * b, "hc": hidden
    }  # fmt: skip
    return _affine([device, host, {"wd": weights, "cd": cache, "hd": hidden}])


def _streams(m: Machine, *, compute: Any, up: Any, down: Any, read: Any, write: Any) -> Affine:
    rates = (1.0, m.to_device, m.to_host, m.storage_read, m.storage_write)
    return _affine([
        {key: _over(amount, rate) for key, amount in row.items()}
        for row, rate in zip((compute, up, down, read, write), rates, strict=True)
    ])  # fmt: skip


def _over(amount: float, rate: float) -> float:
    return amount / rate if rate > 0 else 0.0  # a tier that cannot be reached has no bytes either


def _affine(rows: list[dict[str, float]]) -> Affine:
    coefficients = np.array([[row.get(share, 0.0) for share in SHARES] for row in rows])
    return Affine(coefficients=coefficients, constants=np.array([row.get("", 0.0) for row in rows]))
