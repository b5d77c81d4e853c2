"""Hot neurons on the device, cold ones on the host: where each neuron of a sparse model lies, and what a token takes.

source:  Song et al. 2023, PowerInfer: power law of activation, placement by integer program in batches of neurons, both
         processors working at once in each layer.
idea:    a neuron saves the host its frequency times its bytes; the program gives the device's free memory to the groups
         that save most. A layer uses the device only if it has enough neurons there to be worth the synchronization.
symbols: f (layers, groups) mean share of a group's neurons that a token needs; m bytes of a group.
departs: one group is a fixed number of neurons, the frequency of a rank is the same in every layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlock.errors import MissingExtraError

Floats = NDArray[np.float64]


def frequencies(neurons: int, active: float, *, hot: float, covered: float) -> Floats:
    """Frequencies of neurons by rank, (neurons,), hottest first, at most 1.

    The law is f = a rank ** -s, cut off at 1, with its two numbers so that a share `hot` of the neurons has a share
    `covered` of all activations, and the mean is `active`.

    Args:
        neurons: of one layer.
        active: mean share of neurons that a token needs.
        hot: share of neurons.
        covered: their share of the activations.
    """
    rank = np.arange(1, neurons + 1) / neurons

    def law(power: float) -> Floats:
        low, high = 0.0, 1e6
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if np.minimum(middle * rank**-power, 1.0).mean() < active else (low, middle)
        return np.minimum(high * rank**-power, 1.0)

    low, high, first = 0.0, 8.0, max(round(hot * neurons), 1)
    for _ in range(60):
        middle = (low + high) / 2
        share = law(middle)[:first].sum() / law(middle).sum()
        low, high = (middle, high) if share < covered else (low, middle)
    return law(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuronPlacement:
    """Which groups lie on the device, (layers, groups), and the activations a token finds there."""

    on_device: NDArray[np.bool_]
    saved: float


def greedy(frequency: Floats, group_bytes: float, room: float, least: int = 0) -> NeuronPlacement:
    """The hottest groups first, whatever their layer; then layers with fewer than `least` give them up."""
    chosen = np.zeros(frequency.size, dtype=bool)
    chosen[np.argsort(-frequency.ravel(), kind="stable")[: int(room // group_bytes)]] = True
    placed = chosen.reshape(frequency.shape)
    placed &= (placed.sum(axis=1) >= least)[:, None]
    return NeuronPlacement(on_device=placed, saved=float(frequency[placed].sum()))


def solve(frequency: Floats, group_bytes: float, room: float, least: int = 0) -> NeuronPlacement:
    """The integer program: a layer has no group on the device or at least `least`, and all together fit.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
    except ImportError:
        raise MissingExtraError("placing neurons by integer programming", "offload") from None
    layers, groups = frequency.shape
    cells = layers * groups
    of_layer: Any = np.kron(np.eye(layers), np.ones(groups))
    fits = np.concatenate([np.full(cells, 1.0), np.zeros(layers)])[None]
    enough = np.hstack([of_layer, -float(least) * np.eye(layers)])
    used = np.hstack([of_layer, -float(groups) * np.eye(layers)])
    found = milp(
        np.concatenate([-frequency.ravel(), np.zeros(layers)]),
        constraints=[
            LinearConstraint(fits, -np.inf, np.floor(room / group_bytes)),
            LinearConstraint(enough, 0.0, np.inf),
            LinearConstraint(used, -np.inf, 0.0),
        ],
        integrality=np.ones(cells + layers),
        bounds=Bounds(0.0, 1.0),
    )
    placed = found.x[:cells].reshape(frequency.shape) > 0.5
    return NeuronPlacement(on_device=placed, saved=float(frequency[placed].sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Seconds of a decoded token: layers one after the other, both processors at once within each network."""

    device_rate: float  # bytes/s
    host_rate: float
    synchronize: float  # seconds a layer that both work on

    def token(self, placed: NeuronPlacement, frequency: Floats, group_bytes: float, dense_s: float) -> float:
        """Seconds with `dense_s` for everything that is not a neuron."""
        needed = frequency * group_bytes
        here = np.where(placed.on_device, needed, 0.0).sum(axis=1)
        there = needed.sum(axis=1) - here
        both = (here > 0) & (there > 0)
        layer = np.maximum(here / self.device_rate, there / self.host_rate) + np.where(both, self.synchronize, 0.0)
        return dense_s + float(layer.sum())
