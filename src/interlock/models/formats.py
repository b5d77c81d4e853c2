"""Which number format each tensor class has, as columns that lowering can multiply with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from interlock.numerics import NumberFormat, number_format, operand_format
from interlock.operators import Array, compute_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A choice of formats: linear weights, activations, KV cache, and embeddings with the output head."""

    weight: NumberFormat
    activation: NumberFormat
    kv: NumberFormat
    head: NumberFormat

    @property
    def name(self) -> str:
        """Short: weight / activation / KV."""
        return f"{self.weight.name}/{self.activation.name}/{self.kv.name}"

    @property
    def operand(self) -> str:
        """The type in which the matrix engine multiplies weights and activations."""
        return operand_format(self.weight, self.activation)

    @property
    def wide(self) -> str:
        """The type of attention, norms and other work that is not quantized."""
        return self.activation.operand if self.activation.element_bits >= 16 else "bf16"


def scheme(weight: str = "bf16", activation: str = "bf16", kv: str | None = None, head: str | None = None) -> Scheme:
    """A scheme from format names; the KV cache and the head have 16 bits unless said otherwise."""
    act = number_format(activation, "--activation-format")
    wide = act.name if act.element_bits >= 16 else "bf16"
    return Scheme(
        weight=number_format(weight, "--weight-format"),
        activation=act,
        kv=number_format(kv or wide, "--kv-cache-dtype"),
        head=number_format(head or wide, "--head-format"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """A scheme, or a column of them, as arrays: bytes an element by tensor class, and operand codes."""

    weight: Array
    activation: Array
    kv: Array
    head: Array
    wide: Array
    compute: Array
    wide_compute: Array
    sparse: Array
    density: Array
    state: float = 4.0  # recurrent states are kept in fp32 by every engine that has them

    @staticmethod
    def of(schemes: Scheme | Sequence[Scheme], shape: tuple[int, ...] = (-1,)) -> Formats:
        """Arrays of one value a scheme, reshaped so that schemes run along their own axis; scalars for one scheme."""
        columns = _columns([schemes] if isinstance(schemes, Scheme) else schemes)
        arrays: dict[str, Any] = {
            key: values[0] if isinstance(schemes, Scheme) else np.array(values).reshape(shape)
            for key, values in columns.items()
        }
        return Formats(**arrays)


def _columns(schemes: Sequence[Scheme]) -> dict[str, list[float]]:
    wide_bytes = [max(item.activation.element_bits, 16) / 8 for item in schemes]
    return {
        "weight": [item.weight.bytes for item in schemes],
        "activation": [item.activation.bytes for item in schemes],
        "kv": [item.kv.bytes for item in schemes],
        "head": [item.head.bytes for item in schemes],
        "wide": wide_bytes,
        "compute": [float(compute_code(item.operand)) for item in schemes],
        "wide_compute": [float(compute_code(item.wide)) for item in schemes],
        "sparse": [float(item.weight.sparsity.structured and item.weight.sparsity.density == 0.5) for item in schemes],
        "density": [item.weight.sparsity.density for item in schemes],
    }
