"""Integers only: affine uint8 on both sides, sums in int32, and a fixed-point multiplier in the place of scales."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction

CLAIM = claim("inference with integer arithmetic alone", "Jacob et al. 2018, section 2")
LAYERS, ROWS, WIDTH, OUT = 40, 32, 256, 48
MANTISSA = 24  # bits of the multiplier: those of the FP32 number that it is, so that both paths multiply by the same

Bytes = NDArray[np.uint8]
Wide = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine:
    """Real = scale * (code - zero), codes 0 to 255."""

    scale: np.float32
    zero: int

    @staticmethod
    def spanning(low: float, high: float) -> Affine:
        """The 256 values from low to high, moved so that zero is one of them."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = np.float32((high - low) / 255)
        return Affine(scale=scale, zero=int(np.clip(np.rint(-low / scale), 0, 255)))

    def codes(self, x: NDArray[np.float64]) -> Bytes:
        """The nearest codes."""
        found: Bytes = np.clip(np.rint(x / float(self.scale)) + self.zero, 0, 255).astype(np.uint8)
        return found

    def values(self, codes: Bytes) -> NDArray[np.float64]:
        """What codes stand for."""
        return float(self.scale) * (codes.astype(np.float64) - self.zero)


def multiplier(x: Affine, w: Affine, y: Affine) -> tuple[int, int]:
    """The FP32 number s_x s_w / s_y as a whole number and the places that it is shifted by."""
    part, exponent = np.frexp(np.float32(x.scale * w.scale / y.scale))
    return int(part * 2**MANTISSA), MANTISSA - int(exponent)


def integer_layer(x: Bytes, w: Bytes, bias: Wide, zeros: tuple[int, int, int], scale: tuple[int, int]) -> Bytes:
    """A layer's codes from codes: whole numbers from end to end; zero-point products are taken out of the sum."""
    zero_x, zero_w, zero_y = zeros
    whole, shift = scale
    sums = x.astype(np.int32) @ w.astype(np.int32)
    sums = sums - zero_w * x.sum(1, dtype=np.int32)[:, None] - zero_x * w.sum(0, dtype=np.int32)
    wide = (sums + x.shape[1] * zero_x * zero_w + bias).astype(np.int64) * whole
    rounded = (wide + (1 << (shift - 1))) >> shift
    found: Bytes = np.clip(rounded + zero_y, 0, 255).astype(np.uint8)
    return found


def fake_layer(x: Bytes, w: Bytes, bias: Wide, kinds: tuple[Affine, Affine, Affine]) -> Bytes:
    """The same in floating point, as training simulates it: real values, a real product, rounding at the end.

    fp64, where every sum of products of differences of codes is exact.
    """
    real_x, real_w, real_y = kinds
    sums = (x.astype(np.float64) - real_x.zero) @ (w.astype(np.float64) - real_w.zero) + bias
    ratio = float(np.float32(real_x.scale * real_w.scale / real_y.scale))
    found: Bytes = np.clip(np.floor(sums * ratio + 0.5) + real_y.zero, 0, 255).astype(np.uint8)
    return found


def floats_inside() -> int:
    """Names of floating-point types, divisions and fractions in the text of the integer layer."""
    tree = ast.parse(inspect.getsource(integer_layer))
    named = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    found = sum("float" in name for name in named)
    found += sum(isinstance(node, ast.Div) for node in ast.walk(tree))
    return found + sum(isinstance(node, ast.Constant) and isinstance(node.value, float) for node in ast.walk(tree))


def run() -> Reproduction:
    """Random layers both ways, their types, and the error against a layer of real numbers."""
    rng, same, total, worst = np.random.default_rng(0), 0, 0, 0.0
    kept: set[str] = set()
    for _ in range(LAYERS):
        x = rng.standard_normal((ROWS, WIDTH)) + rng.uniform(-1, 1)
        w = rng.standard_normal((WIDTH, OUT)) / 16 + rng.uniform(-0.05, 0.05)
        shift = rng.standard_normal(OUT)
        real = x @ w + shift
        kinds = tuple(Affine.spanning(float(each.min()), float(each.max())) for each in (x, w, real))
        x_kind, w_kind, y_kind = kinds
        codes_x, codes_w = x_kind.codes(x), w_kind.codes(w)
        bias = np.rint(shift / (float(x_kind.scale) * float(w_kind.scale))).astype(np.int64)
        zeros = (x_kind.zero, w_kind.zero, y_kind.zero)
        whole = integer_layer(codes_x, codes_w, bias, zeros, multiplier(*kinds))
        fake = fake_layer(codes_x, codes_w, bias, (x_kind, w_kind, y_kind))
        same, total = same + int((whole == fake).sum()), total + whole.size
        worst = max(worst, float(np.abs(y_kind.values(whole) - real).max() / (float(y_kind.scale) * 255)))
        kept |= {str(codes_x.dtype), str(codes_w.dtype), str(whole.dtype)}
    largest = 255 * 255 * WIDTH
    return reproduction(
        exactly(f"codes of {LAYERS} random layers that both paths agree on", total, same),
        exactly("floating-point types, divisions and fractions inside the integer layer", 0, floats_inside()),
        holds("what goes in and out is uint8", kept == {"uint8"}),
        below("largest sum of products over what int32 holds", 1.0, largest / (2**31 - 1)),
        below("largest error over the range of a layer's outputs, real numbers beside", 0.03, worst),
    )
