"""Mamba: a selective state space with a state for each channel.

source:  Gu and Dao 2023, section 3 and figure 3; algorithm 2.
symbols: inner channels, N state elements a channel, R rank of the step size, W convolution width.
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock.models.blocks.norm import Norm
from interlock.models.blocks.weight import Cache, Weight
from interlock.models.context import Context, present
from interlock.operators import Array, Communication, Kind, Operator, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Mamba:
    """Input projection, causal convolution, input-dependent parameters, scan, gate, output projection."""

    inner: int
    state: int
    convolution: int
    rank: int
    bias: bool = False
    convolution_bias: bool = True
    inner_norms: tuple[Norm, ...] = ()  # Jamba norms the step size and both state projections

    def weights(self, width: int) -> list[Weight]:
        """All of it; A, D, the convolution and the biases are small and stay in 16 bits or more."""
        i, column = self.inner, Split.COLUMN
        small = i * self.convolution + i * self.convolution_bias + i * self.state + i + i
        small += (2 * i + width) * self.bias
        small += sum(weight.elements for norm in self.inner_norms for weight in norm.weights())
        return [
            Weight(name="mamba.input", elements=width * 2 * i, group="linear", split=column),
            Weight(
                name="mamba.parameters",
                elements=i * (self.rank + 2 * self.state),
                group="linear",
                split=Split.ROW,
            ),
            Weight(name="mamba.step_size", elements=self.rank * i, group="linear", split=column),
            Weight(name="mamba.output", elements=i * width, group="linear", split=Split.ROW),
            Weight(name="mamba.small", elements=small, group="other", split=column),
        ]

    def cache(self) -> Cache:
        """The state and the last inputs of the convolution, whatever the length of the sequence."""
        return Cache(state_elements=self.inner * (self.state + self.convolution))

    def operators(self, c: Context) -> list[Operator]:
        """The layer's kernels; the scan keeps its state on chip, so only inputs and outputs move."""
        i, column, row = self.inner, Split.COLUMN, Split.ROW
        reduce = Communication.ALL_REDUCE
        parameters = self.rank + 2 * self.state
        return [
            c.matmul("input", "mamba", n=2 * i, k=c.width, split=column, bias=self.bias),
            convolution(c, "mamba", i, self.convolution),
            c.matmul("parameters", "mamba", n=parameters, k=i, split=row, communication=reduce),
            c.matmul("step_size", "mamba", n=i, k=self.rank, split=column, bias=True),
            scan(c, "mamba", i, self.state, reads=3 * i + 2 * self.state),
            c.matmul("output", "mamba", n=c.width, k=i, split=row, bias=self.bias, communication=reduce),
        ]


def convolution(c: Context, block: str, channels: int, taps: int) -> Operator:
    """A causal convolution along the sequence, one filter a channel."""
    rows, f = c.tokens, c.formats
    return Operator(
        name=c.prefix + "convolution",
        block=block,
        kind=Kind.CONVOLUTION,
        split=Split.COLUMN,
        count=c.count,
        m=rows,
        n=channels,
        k=taps,
        flop=2.0 * rows * channels * taps,
        compute=f.wide_compute,
        weight_bytes=channels * taps * f.wide * present(rows),
        input_bytes=rows * channels * f.wide,
        output_bytes=rows * channels * f.wide,
        state_bytes=sequences(c) * channels * taps * f.state,
        launches=present(rows),
    )


def scan(c: Context, block: str, channels: int, state: int, *, reads: int) -> Operator:
    """The recurrence h = a h + b x, y = c h, for `state` elements of each channel: 7 FLOP an element and token."""
    rows, f = c.tokens, c.formats
    return Operator(
        name=c.prefix + "scan",
        block=block,
        kind=Kind.SCAN,
        split=Split.COLUMN,
        count=c.count,
        m=rows,
        n=channels,
        k=state,
        flop=7.0 * rows * channels * state,
        compute=f.wide_compute,
        input_bytes=rows * reads * f.wide,
        output_bytes=rows * channels * f.wide,
        state_bytes=2.0 * sequences(c) * channels * state * f.state,
        launches=present(rows),
    )


def sequences(c: Context) -> Array:
    """Sequences whose state is loaded and stored in this step."""
    return c.step.prefill_sequences + c.step.decode_sequences
