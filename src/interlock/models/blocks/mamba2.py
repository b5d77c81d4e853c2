"""Mamba-2: state space duality, one decay a head, computed in chunks as small matrix products.

source:  Dao and Gu 2024, section 6 (the SSD algorithm) and section 7 (architecture).
symbols: H heads of P channels, N state elements a channel, G groups that share B and C, Q tokens a chunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.models.blocks.mamba import convolution, sequences
from interlock.models.blocks.weight import Cache, Weight
from interlock.models.context import Context, present
from interlock.operators import Communication, Kind, Operator, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Mamba2:
    """One projection for gate, input, B, C and step sizes; convolution; chunked scan; gated norm; output."""

    heads: int
    head_dim: int
    state: int
    groups: int
    convolution: int
    chunk: int = 256
    bias: bool = False
    convolution_bias: bool = True

    @property
    def inner(self) -> int:
        """Channels of all heads."""
        return self.heads * self.head_dim

    @property
    def convolved(self) -> int:
        """Channels that go through the convolution: input, B and C."""
        return self.inner + 2 * self.groups * self.state

    def weights(self, width: int) -> list[Weight]:
        """Both projections; convolution, decay, skip, step-size bias and the gated norm."""
        n = self.inner + self.convolved + self.heads
        small = self.convolved * (self.convolution + self.convolution_bias) + 3 * self.heads + self.inner
        small += (n + width) * self.bias
        return [
            Weight(name="mamba2.input", elements=width * n, group="linear", split=Split.COLUMN, ways=self.heads),
            Weight(
                name="mamba2.output",
                elements=self.inner * width,
                group="linear",
                split=Split.ROW,
                ways=self.heads,
            ),
            Weight(name="mamba2.small", elements=small, group="other", split=Split.COLUMN, ways=self.heads),
        ]

    def cache(self) -> Cache:
        """The state and the last inputs of the convolution."""
        elements = self.inner * self.state + self.convolved * self.convolution
        return Cache(state_elements=elements, state_ways=self.heads)

    def operators(self, c: Context) -> list[Operator]:
        """The layer's kernels."""
        n = self.inner + self.convolved + self.heads
        return [
            c.matmul("input", "mamba2", n=n, k=c.width, split=Split.COLUMN, ways=self.heads, bias=self.bias),
            convolution(c, "mamba2", self.convolved, self.convolution),
            self._scan(c),
            c.elementwise("gated_norm", "mamba2", read=2 * self.inner, written=self.inner, flop=8, split=Split.COLUMN),
            c.matmul(
                "output",
                "mamba2",
                n=c.width,
                k=self.inner,
                split=Split.ROW,
                ways=self.heads,
                bias=self.bias,
                communication=Communication.ALL_REDUCE,
            ),
        ]

    def _scan(self, c: Context) -> Operator:
        """Chunked scan: inside a chunk attention-like products, between chunks the state."""
        rows, f = c.tokens, c.formats
        prompt = c.step.prefill_sequences * c.step.prefill_tokens
        chunk = np.minimum(self.chunk, np.maximum(c.step.prefill_tokens, 1.0))
        inside = prompt * chunk * (self.groups * self.state + self.inner)  # C B^T, then its product with x; causal half
        states = 4.0 * prompt * self.inner * self.state
        recurrent = 5.0 * c.step.decode_sequences * self.inner * self.state
        return Operator(
            name=c.prefix + "scan",
            block="mamba2",
            kind=Kind.SCAN,
            split=Split.COLUMN,
            ways=self.heads,
            count=c.count,
            m=rows,
            n=self.inner,
            k=self.state,
            flop=inside + states + recurrent,
            compute=f.wide_compute,
            input_bytes=rows * (self.convolved + self.heads) * f.wide,
            output_bytes=rows * self.inner * f.wide,
            state_bytes=2.0 * sequences(c) * self.inner * self.state * f.state,
            launches=present(rows),
        )
