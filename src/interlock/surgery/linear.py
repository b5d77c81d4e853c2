"""Linear layers as techniques leave them: weights in a store, and steps on what goes in.

keeps: a `QuantizedLinear` computes exactly what `nn.Linear` computes in float32 with the dequantized weights; so does a
       `StagedLinear` of what its steps make of the input. Low precision is emulated: each operand is rounded to values
       that its format has, the product is taken in float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.errors import InputError
from interlock.surgery.stores import Store


class QuantizedLinear(nn.Module):
    """y = x W^T + bias with W in a store.

    The dequantized weights are made at the first use and kept, unless `keep_dense` is turned off.
    """

    stands_for_linear: ClassVar[bool] = True
    bias: Tensor | None

    def __init__(self, store: Store, bias: Tensor | None = None, *, keep_dense: bool = True) -> None:
        super().__init__()
        self.store = store
        self.out_features, self.in_features = store.rows, store.columns
        self.keep_dense = keep_dense
        self.register_buffer("bias", None if bias is None else bias.detach().clone())
        self._dense: Tensor | None = None

    @property
    def weight(self) -> Tensor:
        """The dequantized weights, float32 [rows, columns]."""
        if self._dense is not None:
            return self._dense
        dense = self.store.dequantize()
        if self.keep_dense:
            self._dense = dense
        return dense

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        return functional.linear(x, self.weight, self.bias)

    def stored_bytes(self) -> dict[str, int]:
        """Bytes by class, without the bias."""
        return self.store.stored_bytes()


class Step(nn.Module):
    """Something done to a layer's input before its weights; linear steps can be folded into the weights instead."""

    def fold(self, weight: Tensor) -> Tensor:
        """Weights that do without this step: W with W step(x) = fold(W) x. Rounding folds to nothing."""
        return weight

    def stored_bytes(self) -> dict[str, int]:
        """What it keeps beside the weights."""
        return {}


class StagedLinear(nn.Module):
    """Steps, then a linear layer, which a later technique finds and may replace."""

    linear: nn.Module

    def __init__(self, steps: list[Step], linear: nn.Module) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)
        self.linear = linear
        self.out_features, self.in_features = weight_of(linear).shape

    @property
    def weight(self) -> Tensor:
        """Weights as they meet the input after its steps."""
        return weight_of(self.linear)

    @property
    def bias(self) -> Tensor | None:
        """The bias of the layer inside."""
        return bias_of(self.linear)

    def each_step(self) -> list[Step]:
        """The steps in order."""
        return [step for step in self.steps if isinstance(step, Step)]

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        for step in self.steps:
            x = step(x)
        result: Tensor = self.linear(x)
        return result


def weight_of(linear: nn.Module) -> Tensor:
    """Weights of any linear layer, [rows, columns], detached."""
    weight = linear.weight
    assert isinstance(weight, Tensor)
    return weight.detach()


def checked(linears: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """The weights of layers, float32, not copied.

    Raises:
        InputError: another type, or a weight that is not a number.
    """
    weights = {name: weight_of(linear) for name, linear in linears.items()}
    for name, weight in weights.items():
        if weight.dtype != torch.float32:
            raise InputError(f"{name}.weight", str(weight.dtype), "a model in torch.float32, such as model.float()")
        if not bool(torch.isfinite(weight).all()):
            raise InputError(f"{name}.weight", "values that are not finite", "finite weights")
    return weights


def bias_of(linear: nn.Module) -> Tensor | None:
    """The bias of any linear layer."""
    bias = linear.bias
    return bias.detach() if isinstance(bias, Tensor) else None


def folded_weight(linear: nn.Module) -> Tensor:
    """Weights that do without the layer's linear steps, as a plain `nn.Linear` needs them."""
    if not isinstance(linear, StagedLinear):
        return weight_of(linear)
    weight = folded_weight(linear.linear)
    for step in reversed(linear.each_step()):
        weight = step.fold(weight)
    return weight
