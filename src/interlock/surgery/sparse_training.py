"""Layers that are trained under an N:M mask: fixed and pruned twice, or with a mask that closes step by step.

source:  Mozaffari et al. 2024, SLoPe: a static mask; the product for the input's gradient reads weights that are N:M
         along their rows as well (double-pruned backward pass); low-rank adapters join near the end. Bambhaniya et al.
         2024, Progressive gradient flow: pruned weights fade from the forward pass (mask decay), or the pattern
         tightens from M-1:M by halves (structure decay). Zhou et al. 2021, Learning N:M fine-grained structured sparse
         networks from scratch, equation 9 (SR-STE: gradients straight through, and a pull of pruned weights to zero).
symbols: W [rows, columns], R its mask along columns, C a mask of W R along rows; b the share of a pruned weight that is
         still there.
keeps:   SLoPe: y = x (W R)^T, dx = dy (W R C), dW = (dy^T x) R. Decay: y = x (W (R + b (1 - R)))^T with its own
         gradient.
departs: SLoPe's mask comes from the magnitudes of the weights as given, or from a seed as in the paper.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.surgery.sparse_masks import chosen_mask

PULL: Final = 2e-4  # SR-STE's lambda


class _DoublePruned(torch.autograd.Function):
    """The product of SLoPe with its two masks."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, mask: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight, mask, back)
        return x @ (weight * mask).T

    @staticmethod
    def backward(ctx: Any, *grown: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, weight, mask, back = ctx.saved_tensors
        (dy,) = grown
        flat = dy.reshape(-1, dy.shape[-1]).T @ x.reshape(-1, x.shape[-1])
        return dy @ (weight * mask * back), flat * mask, None, None


class _Refined(torch.autograd.Function):
    """Weights under a mask; the gradient goes straight through, and pruned weights are pulled to zero."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, mask: Tensor) -> Tensor:
        ctx.save_for_backward(weight, mask)
        return weight * mask

    @staticmethod
    def backward(ctx: Any, *grown: Tensor) -> tuple[Tensor, None]:
        weight, mask = ctx.saved_tensors
        return grown[0] + PULL * weight * ~mask, None


class MaskedLinear(nn.Module):
    """A layer in training whose weights end in the N:M pattern."""

    stands_for_linear: ClassVar[bool] = True
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, pattern: tuple[int, int], name: str = "a layer") -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.pattern, self.name = pattern, name
        self.weight = nn.Parameter(weight.clone())
        self.bias = None if bias is None else nn.Parameter(bias.clone())

    def mask(self, pattern: tuple[int, int] | None = None) -> Tensor:
        """The weights of largest magnitude in each group."""
        return chosen_mask(self.weight.detach().abs(), pattern or self.pattern, where=self.name)

    def finished(self) -> Tensor:
        """The weights under their mask."""
        return (self.weight * self.mask()).detach()


class DoublePrunedLinear(MaskedLinear):
    """SLoPe's layer."""

    def __init__(
        self, weight: Tensor, bias: Tensor | None, pattern: tuple[int, int], rank: int, seed: int | None, name: str
    ) -> None:
        super().__init__(weight, bias, pattern, name)
        generator = torch.Generator().manual_seed(seed or 0)
        scores = weight.abs() if seed is None else torch.rand(weight.shape, generator=generator)
        self.fixed = chosen_mask(scores, pattern, where=name)
        both = (scores * self.fixed).T.contiguous()
        self.back = chosen_mask(both, pattern, where=f"the transpose of {name}").T.contiguous()
        self.left = nn.Parameter(torch.zeros(len(weight), rank))
        self.right = nn.Parameter(torch.randn(rank, weight.shape[1], generator=generator) * weight.shape[1] ** -0.5)
        self.adapted = False

    def mask(self, pattern: tuple[int, int] | None = None) -> Tensor:
        """The mask that was fixed."""
        return self.fixed

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        y: Tensor = _DoublePruned.apply(x, self.weight, self.fixed, self.back)  # type: ignore[no-untyped-call]
        if self.adapted:
            y = y + functional.linear(functional.linear(x, self.right), self.left)
        return y if self.bias is None else y + self.bias


class DecayingLinear(MaskedLinear):
    """Progressive gradient flow's layer; `straight` makes it SR-STE's."""

    def __init__(self, weight: Tensor, bias: Tensor | None, pattern: tuple[int, int], name: str) -> None:
        super().__init__(weight, bias, pattern, name)
        self.now, self.left_over, self.straight = pattern, 0.0, False

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        mask = self.mask(self.now)
        if self.straight:
            weight: Tensor = _Refined.apply(self.weight, mask)  # type: ignore[no-untyped-call]
        else:
            weight = self.weight * torch.where(mask, 1.0, self.left_over)
        return functional.linear(x, weight, self.bias)


Schedule = Callable[[DecayingLinear, float], None]


def fading(layer: DecayingLinear, progress: float) -> None:
    """Mask decay, linear: what is left of pruned weights falls from all to nothing."""
    layer.left_over = 1 - progress


def tightening(layer: DecayingLinear, progress: float) -> None:
    """Structure decay, stepwise: M-1:M, M/2:M, M/4:M and so on, then N:M."""
    kept, of = layer.pattern
    steps = [of - 1]
    while steps[-1] // 2 > kept:
        steps.append((of if len(steps) == 1 else steps[-1]) // 2)
    steps = [each for each in steps if each > kept]
    place = int(progress * len(steps))
    layer.now = (steps[place], of) if place < len(steps) else layer.pattern


def straight(layer: DecayingLinear, progress: float) -> None:
    """SR-STE: the pattern from the start, gradients to all weights."""
    layer.straight = True
