"""What every block needs while it is lowered, and the three shapes of operator that nearly all of them use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.models.formats import Formats
from interlock.models.step import Step
from interlock.operators import Array, Communication, Kind, Operator, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The step and the formats, the width of the residual stream, and how often this layer occurs."""

    step: Step
    formats: Formats
    width: int
    tokens: Array
    count: float = 1.0
    prefix: str = ""
    causal: bool = True
    skew: float = 0.0

    def matmul(
        self,
        name: str,
        block: str,
        *,
        n: float,
        k: float,
        m: Array | None = None,
        split: Split = Split.REPLICATED,
        ways: int | None = None,
        bias: bool = False,
        quantized: bool = True,
        communication: Communication | None = None,
        launches: float = 1.0,
    ) -> Operator:
        """A weight matrix (k, n) applied to m rows; unquantized ones keep 16 bits (routers, patch convolutions)."""
        f = self.formats
        rows = self.tokens if m is None else m
        weight, activation = (f.weight, f.activation) if quantized else (f.wide, f.wide)
        return Operator(
            name=self.prefix + name,
            block=block,
            kind=Kind.MATMUL,
            split=split,
            ways=ways,
            count=self.count,
            m=rows,
            n=n,
            k=k,
            flop=2.0 * rows * n * k,
            compute=f.compute if quantized else f.wide_compute,
            weight_bytes=(k * n * weight + (n * f.wide if bias else 0.0)) * present(rows),
            input_bytes=rows * k * activation,
            output_bytes=rows * n * f.wide,
            launches=launches * present(rows),
            sparse=f.sparse if quantized else 0.0,
            communication=communication,
        )

    def elementwise(
        self,
        name: str,
        block: str,
        *,
        read: float,
        written: float,
        flop: float = 1.0,
        rows: Array | None = None,
        split: Split = Split.ROWS,
        ways: int | None = None,
        kv_written: Array = 0.0,
        launches: float = 1.0,
    ) -> Operator:
        """A pass over `rows` rows that reads and writes so many elements of each; `flop` an element written."""
        m = self.tokens if rows is None else rows
        return Operator(
            name=self.prefix + name,
            block=block,
            kind=Kind.ELEMENTWISE,
            split=split,
            ways=ways,
            kv_ways=ways,
            count=self.count,
            m=m,
            n=written,
            flop=flop * m * written,
            compute=self.formats.wide_compute,
            input_bytes=m * read * self.formats.wide,
            output_bytes=m * written * self.formats.wide,
            kv_bytes=kv_written,
            launches=launches * present(m),
        )


def present(amount: Array) -> Array:
    """1 where there is anything to do, else 0: weights are not read and kernels not launched for nothing."""
    return np.asarray(amount > 0, dtype=float)[()]
