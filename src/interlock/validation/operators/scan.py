"""Short convolutions and the scans of gated delta rules.

symbols: T tokens, S sequences, H value heads of V, G key heads of K, Q tokens a chunk.
departs: no block of ours lowers gated delta rules yet; they are counted as Mamba-2's chunked scan is, with one more
         product a chunk for the correction of the state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from interlock.cost import Chips
from interlock.evidence.measurement import Measurements
from interlock.operators import Kind, Operator
from interlock.validation.operators.lowered import Lowered, formats, number, text

_CHUNK: Final = 64.0


def lower(measurements: Measurements, chips: Chips) -> Iterator[Lowered]:
    """Rows of the convolution, and of the scans."""
    convolution = text(measurements, "kind", "") == "convolution"
    for mask, build in ((convolution, _convolution), (~convolution, _scan)):
        if mask.any():
            part = measurements.where(mask)
            yield Lowered(rows=np.flatnonzero(mask), operators=[build(part, chips)], chips=chips)


def _convolution(part: Measurements, chips: Chips) -> Operator:
    f = formats(part, chips)
    width, taps, sequences = number(part, "width"), number(part, "taps", 4.0), number(part, "sequences")
    rows = sequences * number(part, "tokens")
    return Operator(
        name="convolution",
        block="scan",
        kind=Kind.CONVOLUTION,
        m=rows,
        n=width,
        flop=2.0 * rows * width * taps,
        compute=f.wide_compute,
        input_bytes=rows * width * f.wide,
        output_bytes=rows * width * f.wide,
        state_bytes=2.0 * sequences * width * (taps - 1.0) * f.wide,
    )


def _scan(part: Measurements, chips: Chips) -> Operator:
    f = formats(part, chips)
    heads, head_dim, groups, state = (number(part, name) for name in ("heads", "head_dim", "groups", "state"))
    sequences, tokens = number(part, "sequences"), number(part, "tokens")
    rows, inner = sequences * tokens, heads * head_dim
    recurrent = text(part, "phase", "prefill") != "prefill"
    chunk = np.minimum(_CHUNK, tokens)
    chunked = rows * (chunk * (2.0 * heads * state + 2.0 * inner) + 6.0 * inner * state)
    return Operator(
        name="scan",
        block="scan",
        kind=Kind.SCAN,
        m=rows,
        n=inner,
        k=state,
        flop=np.where(recurrent, 7.0 * rows * inner * state, chunked),
        compute=f.wide_compute,
        input_bytes=rows * (2.0 * groups * state + inner + 2.0 * heads) * f.wide,
        output_bytes=rows * inner * f.wide,
        state_bytes=2.0 * sequences * inner * state * f.state,
    )
