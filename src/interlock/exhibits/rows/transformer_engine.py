"""Transformer Engine: FP8 with a scale for each tensor that is taken from the largest values of the steps before."""

from collections import deque

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction, within
from interlock.exhibits.tiny_training import Hook, Scheme, train
from interlock.numerics.arrays import Floats
from interlock.numerics.small_floats import FLOATS

CLAIM = claim(
    "printed as FP16 beside FP32; what it adds is FP8 with delayed scaling", "the survey; NVIDIA's documentation"
)
FORWARD, BACKWARD = 6, 3  # tensors that products of a step read, and gradients that flow back, always in the same order
HISTORY = 16


class Delayed:
    """A hook that scales the i-th tensor of a step by what it was in the last steps; the current values come too late.

    The first time a tensor is seen its scale is 1.
    """

    def __init__(self, name: str, tensors: int) -> None:
        self.kind, self.calls = FLOATS[name], 0
        self.history: list[deque[float]] = [deque(maxlen=HISTORY) for _ in range(tensors)]

    def __call__(self, x: Floats) -> Floats:
        """The next tensor of the step, rounded."""
        seen = self.history[self.calls % len(self.history)]
        self.calls += 1
        largest = max(seen, default=0.0)
        scale = np.float32(self.kind.largest / largest if largest > 0 else 1.0)
        seen.append(float(np.abs(x).max()))
        return saturated(self.kind.largest, self.kind.cast, x * scale) / scale


def saturated(largest: float, cast: Hook, x: Floats) -> Floats:
    """Rounded, and clipped to the largest value."""
    return cast(np.clip(x, -largest, largest)).astype(np.float32)


def unscaled(name: str) -> Hook:
    """The format with a scale of 1."""
    kind = FLOATS[name]
    return lambda x: saturated(kind.largest, kind.cast, x)


def run() -> Reproduction:
    """Both recipes against BF16, and the same formats without scales."""
    bf16 = train(Scheme(forward=FLOATS["bf16"].cast, backward=FLOATS["bf16"].cast)).loss
    hybrid = train(Scheme(forward=Delayed("fp8-e4m3", FORWARD), backward=Delayed("fp8-e5m2", BACKWARD)))
    alone = train(Scheme(forward=Delayed("fp8-e4m3", FORWARD), backward=Delayed("fp8-e4m3", BACKWARD)))
    plain = train(Scheme(forward=unscaled("fp8-e4m3"), backward=unscaled("fp8-e4m3")))
    wide = train(Scheme(forward=unscaled("fp8-e4m3"), backward=unscaled("fp8-e5m2")))
    return reproduction(
        within("E4M3 forward, E5M2 backward, delayed scales: loss over BF16's", 1.0, hybrid.loss / bf16, 0.01),
        within("E4M3 both ways, delayed scales: loss over BF16's", 1.0, alone.loss / bf16, 0.01),
        above("E4M3 both ways without scales: loss over BF16's", 1.5, plain.loss / bf16),
        above("and the share of gradients that it makes zero", 0.3, plain.zeroed),
        below("with delayed scales", 0.01, alone.zeroed),
        above("E5M2 backward without scales: gradients made zero over those with", 100, wide.zeroed / hybrid.zeroed,
              note=f"this small network bears it: loss {wide.loss / bf16:.4f} of BF16's"),
        holds("a scale is that of the steps before: the first tensor is rounded with a scale of 1",
              bool((Delayed("fp8-e4m3", 1)(np.array([3.1, 7.7], dtype=np.float32)) == [3.0, 7.5]).all())),
    )  # fmt: skip
