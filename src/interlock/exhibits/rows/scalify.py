"""Scalify: every tensor is data and a scale, and every operator says what scale its result has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, above, claim, exactly, reproduction, within
from interlock.exhibits.tiny_training import (
    CONTEXT,
    EMBEDDING,
    HIDDEN,
    Hook,
    Scheme,
    descended,
    loss_of,
    plain_gradients,
    train,
)
from interlock.numerics.arrays import Floats
from interlock.numerics.small_floats import FLOATS

CLAIM = claim("FP8 and FP16 training without loss scaling", "Balança et al. 2024, Scalify")
SPREADS = ((CONTEXT * EMBEDDING) ** -0.5, HIDDEN**-0.5, HIDDEN**-0.5, 0.5)  # of the first weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """data * scale; scales are powers of two, so that in FP32 nothing is rounded by them."""

    data: Floats
    scale: float

    @staticmethod
    def of(x: Floats, spread: float) -> Scaled:
        """A tensor whose values are about as large as `spread`."""
        scale = _power(spread)
        return Scaled(data=(x / np.float32(scale)).astype(np.float32), scale=scale)

    @property
    def value(self) -> Floats:
        """The tensor."""
        return (self.data * np.float32(self.scale)).astype(np.float32)

    @property
    def transposed(self) -> Scaled:
        """The same scale."""
        return Scaled(data=self.data.T, scale=self.scale)

    def rounded(self, hook: Hook) -> Scaled:
        """What a product reads: the data in a narrow format, the scale as it is."""
        return Scaled(data=hook(self.data), scale=self.scale)

    def times(self, other: Scaled) -> Scaled:
        """A product of matrices: sums of n terms of about 1 are about sqrt(n)."""
        grown = _power(np.sqrt(self.data.shape[1]))
        return Scaled(data=self.data @ other.data / np.float32(grown), scale=self.scale * other.scale * grown)

    def where(self, kept: NDArray[np.bool_]) -> Scaled:
        """Zero elsewhere; the scale stays."""
        return Scaled(data=self.data * kept, scale=self.scale)


def _power(x: float) -> float:
    return float(2.0 ** np.round(np.log2(x)))


def trained(forward: Hook, backward: Hook) -> list[Floats]:
    """The weights after training in which all flows as data and scale."""

    def gradients(weights: list[Floats], windows: NDArray[np.int64], following: NDArray[np.int64]) -> list[Floats]:
        scaled = [Scaled.of(w, spread) for w, spread in zip(weights, SPREADS, strict=True)]
        return _gradients(scaled, windows, following, forward, backward)

    return descended(gradients)


def _gradients(weights: list[Scaled], windows: NDArray[np.int64], following: NDArray[np.int64], forward: Hook,
               backward: Hook) -> list[Floats]:  # fmt: skip
    rounded = [w.rounded(lambda x: forward(x.T).T) for w in weights[:3]]
    embedded = weights[3].data[windows].reshape(len(windows), -1)
    read = [Scaled(data=embedded, scale=weights[3].scale).rounded(forward)]
    for layer in range(2):
        made = read[layer].times(rounded[layer])
        read.append(made.where(made.data > 0).rounded(forward))
    logits = read[2].times(rounded[2]).value
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    odds[np.arange(len(windows)), following] -= 1
    flowing, found = Scaled(data=odds, scale=1 / len(windows)), []
    for layer in (2, 1, 0):
        gradient = flowing.rounded(backward)
        found.append(read[layer].transposed.times(gradient).value)
        flowing = gradient.times(rounded[layer].transposed)
        if layer:
            flowing = flowing.where(read[layer].data > 0)
    embedding = np.zeros_like(weights[3].data)
    np.add.at(embedding, windows, flowing.value.reshape(*windows.shape, EMBEDDING))
    return [*found[::-1], embedding]


def clipped(name: str) -> Hook:
    """A small float that clips what is too large."""
    kind = FLOATS[name]
    return lambda x: kind.cast(np.clip(x, -kind.largest, kind.largest)).astype(np.float32)


def run() -> Reproduction:
    """The scaled graph in FP32, and in FP16 and FP8 without loss scaling, against the same formats without scales."""
    plain, scaled = descended(plain_gradients), trained(_same, _same)
    worst = max(float(np.abs(a - b).max() / np.abs(a).max()) for a, b in zip(plain, scaled, strict=True))
    fp32 = loss_of(plain, Scheme())
    pairs = (("fp16", "fp16"), ("fp8-e4m3", "fp8-e5m2"), ("fp8-e4m3", "fp8-e4m3"))
    half, eight, fine = (loss_of(trained(clipped(f), clipped(b)), Scheme()) / fp32 for f, b in pairs)
    bare = train(Scheme(forward=clipped("fp8-e4m3"), backward=clipped("fp8-e4m3"))).loss / fp32
    return reproduction(
        exactly("largest difference of a weight after training in FP32, scaled against not", 0.0, worst),
        within("FP16: loss over FP32's", 1.0, half, 0.01),
        within("E4M3 forward, E5M2 backward: loss over FP32's", 1.0, eight, 0.01),
        within("E4M3 both ways: loss over FP32's", 1.0, fine, 0.01),
        above("E4M3 both ways without scales: loss over FP32's", 1.5, bare),
    )


def _same(x: Floats) -> Floats:
    return x
