"""What techniques want to know of a layer's inputs: second moments, mean and largest magnitudes.

symbols: X inputs, one row a token, n rows; H = 2 X^T X / n, the Hessian of the layer's squared output error (Frantar et
         al. 2022, GPTQ, section 3.1, with the mean over tokens as its reference code takes it).
keeps:   adding inputs in parts or at once gives the same up to fp32 rounding.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

PANEL: Final = 192  # columns of a panel of dW^T dW
SLICE: Final = 384  # columns of a panel; only panels on and above the diagonal are multiplied


class InputStatistics:
    """Running statistics of inputs with `features` columns."""

    def __init__(self, features: int, *, moments: bool = True) -> None:
        self.features, self.count = features, 0
        self.largest = torch.zeros(features)
        self._absolute = torch.zeros(features)
        self._moments = torch.zeros(features, features) if moments else None

    def add(self, inputs: Tensor) -> None:
        """Take in inputs [..., features]."""
        x = inputs.detach().reshape(-1, self.features).float()
        magnitude = x.abs()
        self.count += len(x)
        self.largest = torch.maximum(self.largest, magnitude.amax(0))
        self._absolute += magnitude.sum(0)
        if self._moments is not None:
            _add_gram(self._moments, x)

    @property
    def mean_magnitude(self) -> Tensor:
        """Mean |x| of each feature."""
        return self._absolute / self.count

    @property
    def hessian(self) -> Tensor:
        """H, float32 [features, features]."""
        assert self._moments is not None
        upper = self._moments.triu()
        return (upper + upper.triu(1).T).mul_(2 / self.count)


def _add_gram(moments: Tensor, x: Tensor) -> None:
    """Add the upper panels of X^T X."""
    for start in range(0, x.shape[1], SLICE):
        panel = x[:, start : start + SLICE]
        moments[start : start + SLICE, start:].addmm_(panel.T, x[:, start:])


def damped(hessian: Tensor, share: float) -> Tensor:
    """H with `share` of its mean diagonal added; features that were never seen count as independent."""
    result = hessian.clone()
    diagonal = result.diagonal()
    mean = diagonal.mean()
    diagonal += share * mean
    diagonal[diagonal <= 0] = mean if mean > 0 else 1.0
    return result


def objective(change: Tensor, hessian: Tensor) -> float:
    """tr(dW H dW^T) of a change of weights dW [rows, columns]: the sum of (dW^T dW) * H, from its upper panels."""
    found = 0.0
    for start in range(0, change.shape[1], PANEL):
        upper = (change[:, start : start + PANEL].T @ change[:, start:]).mul_(hessian[start : start + PANEL, start:])
        found += 2 * float(upper.sum()) - float(upper[:, :PANEL].sum())
    return found
