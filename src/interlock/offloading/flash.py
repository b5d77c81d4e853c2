"""Reading weights from flash for each token: chunks, a sliding window of neurons, rows and columns in one piece.

source:  Alizadeh et al. 2023, LLM in a flash: windowing, row-column bundling, predicted sparsity.
idea:    the rate of random reads grows with the chunk, because each read waits once; keeping the neurons of the last k
         tokens leaves only new ones to be read; a neuron's row of the up-projection and its column of the
         down-projection are always needed together and stored together.
symbols: c bytes of a chunk, r sequential rate, t latency of a read over the reads in flight.
keeps:   rate = c / (t + c / r), at most r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.cost.parameters import table
from interlock.inference.memory import weight_bytes
from interlock.models import Formats, Model
from interlock.models.blocks import ChannelMixer, Weight
from interlock.operators import Array
from interlock.units import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """Storage that is read in chunks."""

    sequential: float
    latency: float

    def rate(self, chunk: Array) -> Array:
        """Bytes a second of random reads of so many bytes."""
        return chunk / (self.latency + chunk / self.sequential)


def flash(name: str) -> Flash:
    """A drive of `data/cost/flash.toml`, its latency from the one chunk size that it is fitted to."""
    data = table("flash")[name]
    peak, chunk = parse(data["sequential"], "bytes/s"), parse(data["fitted_chunk"], "bytes")
    return Flash(sequential=peak, latency=chunk / parse(data["fitted_rate"], "bytes/s") - chunk / peak)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparsity:
    """Shares of a network's neurons: those a token needs, and those it needs that the last k tokens did not."""

    active: float
    fresh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """Seconds and bytes that a token waits for, by how weights are read."""

    seconds: dict[str, float]
    bytes: dict[str, float]
    chunk: dict[str, float]


def network_bytes(model: Model, formats: Formats) -> float:
    """Bytes of the feed-forward networks."""
    assert model.decoder is not None
    found = [(weight, layer.count) for layer in model.decoder.layers if layer.feed_forward is not None
             for weight in _weights(layer.feed_forward, model.decoder.width)]  # fmt: skip
    return sum(weight.elements * count for weight, count in found) * float(formats.weight)


def token_loads(model: Model, formats: Formats, drive: Flash, sparsity: Sparsity, *, resident: float) -> Loads:
    """The four ways of the paper: everything not resident, predicted neurons, fresh ones, and fresh ones bundled.

    Args:
        model: a decoder whose networks are sparse.
        formats: bytes an element.
        drive: where weights lie.
        sparsity: of its networks.
        resident: the share of the model that naive loading keeps in memory.
    """
    whole, networks = float(weight_bytes(model, formats)), network_bytes(model, formats)
    row = model.main.width * float(formats.weight)
    read = {
        "naive": whole * (1.0 - resident),
        "predicted": networks * sparsity.active,
        "windowed": networks * sparsity.fresh,
        "bundled": networks * sparsity.fresh,
    }
    chunk = {"naive": np.inf, "predicted": row, "windowed": row, "bundled": 2.0 * row}
    rate = {way: drive.sequential if np.isinf(size) else float(drive.rate(size)) for way, size in chunk.items()}
    return Loads(seconds={way: read[way] / rate[way] for way in read}, bytes=read, chunk=chunk)


def _weights(network: ChannelMixer, width: int) -> list[Weight]:
    return [weight for weight in network.weights(width) if weight.group in {"linear", "expert"}]
