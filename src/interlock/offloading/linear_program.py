"""The placement of weights, cache and activations that makes a block fastest: FlexGen's linear program.

source: Sheng et al. 2023, FlexGen: minimize T over the nine shares, with peak memory below the capacity of each tier.
idea:   a maximum of affine functions is minimized by two bounds, T_prefill and T_decode, above all of them. What
        does not fit is found by the same program with the missing bytes as unknowns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interlock.errors import MissingExtraError
from interlock.offloading.block import SHARES, Block, Row

_GB: Final = 1e9
_TIE: Final = 1e-5  # of the arithmetic's seconds: among placements as fast, the one nearest to the device


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The best placement of one block, and its seconds; None where nothing fits, with the bytes missing by tier."""

    shares: Row | None
    seconds: float
    missing: tuple[float, float, float] = (0.0, 0.0, 0.0)


def place(block: Block, capacities: tuple[float, float, float], output: float) -> Placed:
    """Solve the program of one block.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    linprog = _solver()
    wide, streams = len(SHARES), len(block.prefill.constants)
    far = _TIE * (1e-3 + float(block.prefill.constants.max() + output * block.decode.constants.max()))
    zeros = np.zeros((streams, 1))
    above = np.vstack([
        np.hstack([block.prefill.coefficients, -np.ones((streams, 1)), zeros]),
        np.hstack([block.decode.coefficients, zeros, -np.ones((streams, 1))]),
        np.hstack([block.memory.coefficients / _GB, np.zeros((3, 2))]),
    ])  # fmt: skip
    room = (np.array(capacities) - block.memory.constants) / _GB
    limits = np.concatenate([-block.prefill.constants, -block.decode.constants, room])
    found = linprog(
        np.concatenate([np.tile([0.0, far, 2.0 * far], 3), [1.0, output - 1.0]]),
        A_ub=above,
        b_ub=limits,
        A_eq=np.hstack([_whole(), np.zeros((3, 2))]),
        b_eq=np.ones(3),
        bounds=[(0.0, 1.0)] * wide + [(0.0, None)] * 2,
        method="highs",
    )
    if not found.success:
        return Placed(shares=None, seconds=np.inf, missing=missing_bytes(block, capacities))
    shares = np.abs(np.clip(found.x[:wide], 0.0, 1.0))
    return Placed(shares=shares, seconds=block.seconds(shares, output))


def missing_bytes(block: Block, capacities: tuple[float, float, float]) -> tuple[float, float, float]:
    """The bytes by tier that would let a block run, in the tier that is easiest to have more of.

    Storage, where there is any, comes before host memory, and both before the device's own.
    """
    linprog = _solver()
    wide = len(SHARES)
    room = (np.array(capacities) - block.memory.constants) / _GB
    found = linprog(
        np.concatenate([np.zeros(wide), [100.0, 10.0, 1.0 if capacities[2] else 20.0]]),
        A_ub=np.hstack([block.memory.coefficients / _GB, -np.eye(3)]),
        b_ub=room,
        A_eq=np.hstack([_whole(), np.zeros((3, 3))]),
        b_eq=np.ones(3),
        bounds=[(0.0, 1.0)] * wide + [(0.0, None)] * 3,
        method="highs",
    )
    device, host, storage = (float(amount) * _GB for amount in found.x[wide:])
    return device, host, storage


def _whole() -> Row:
    """Each tensor class lies somewhere: three rows of the nine shares."""
    return np.asarray(np.kron(np.eye(3), np.ones(3)), dtype=float)


def _solver() -> Any:
    try:
        from scipy.optimize import linprog
    except ImportError:
        raise MissingExtraError("placing tensors by linear programming", "offload") from None
    return linprog
