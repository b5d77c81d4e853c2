"""Steps that move hidden matrices alike in all directions, and everything else by Adam; rates rise, then fall.

idea:    a gradient's momentum is replaced by the orthogonal matrix nearest to it, by five Newton-Schulz iterations, so
         that directions that matter little to the loss so far are learnt as fast as the others. A small network needs
         an eighth of the time that it takes by Adam alone to the same error.
source:  Jordan et al. 2024 (Muon). Decoupled decay: Loshchilov and Hutter 2019. Cosine: Loshchilov and Hutter 2017.
needs:   torch; the caller has loaded it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

_MOMENTUM: Final = 0.95
_WARM: Final = 0.15  # share of the steps in which rates rise
_LEAST: Final = 0.01  # of the highest rate
_QUINTIC: Final = (3.4445, -4.7750, 2.0315)
_ITERATIONS: Final = 5


def stepper(
    matrices: Sequence[Any], others: Sequence[Any], steps: int, rates: tuple[float, float], decay: float
) -> Callable[[Any], None]:
    """A function that takes the loss and moves everything; `rates` are the highest of matrices and of the others."""
    import torch

    adam = torch.optim.AdamW(others, lr=rates[1], weight_decay=decay)
    moving = [torch.zeros_like(one) for one in matrices]
    every = [*matrices, *others]
    done = 0

    def step(loss: Any) -> None:
        nonlocal done
        share = _share(done / max(steps, 1))
        done += 1
        for one in every:
            one.grad = None
        loss.backward()
        torch.nn.utils.clip_grad_norm_(every, 1.0)
        for group in adam.param_groups:
            group["lr"] = rates[1] * share
        adam.step()
        with torch.no_grad():
            for matrix, momentum in zip(matrices, moving, strict=True):
                momentum.mul_(_MOMENTUM).add_(matrix.grad)
                turn = orthogonal(matrix.grad + _MOMENTUM * momentum)
                high, wide = matrix.shape
                matrix.mul_(1.0 - rates[0] * share * decay)
                matrix.add_(turn, alpha=-rates[0] * share * math.sqrt(max(1.0, high / wide)))

    return step


def orthogonal(matrix: Any) -> Any:
    """Nearly the orthogonal matrix with the same singular vectors: singular values end up between 0.7 and 1.2."""
    a, b, c = _QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(_ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


def _share(done: float) -> float:
    if done < _WARM:
        return max(done / _WARM, _LEAST)
    return max(0.5 * (1.0 + math.cos(math.pi * (done - _WARM) / (1.0 - _WARM))), _LEAST)
