"""Deep Compression's storage: kept weights are indices of shared values, both indices and gaps Huffman coded.

source:  Han et al. 2016, Deep Compression, sections 2 (relative places with fillers), 3 (weight sharing), 4 (Huffman).
symbols: a kept weight is a gap of `gap_bits` bits to the one before and one of 2^bits shared values; a filler, a symbol
         of its own, bridges gaps that are too long.
keeps:   `dequantize` is the pruned weights with each replaced by its shared value, in fp16.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from interlock.numerics.clustering import levels_of, nearest_level
from interlock.numerics.huffman import code_lengths, decoded, encoded, entropy_bits
from interlock.surgery.stores import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    """Gaps and values of kept weights, fillers among them."""

    gaps: NDArray[np.int64]
    values: NDArray[np.int64]
    gap_bits: int
    bits: int

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How often each occurs."""
        return np.bincount(self.gaps, minlength=1 << self.gap_bits), np.bincount(
            self.values, minlength=(1 << self.bits) + 1
        )


def symbols_of(codes: NDArray[np.int64], places: NDArray[np.int64], bits: int, gap_bits: int) -> Symbols:
    """Symbols of kept weights at ascending places."""
    most = 1 << gap_bits
    gaps = np.diff(places, prepend=-1) - 1  # zeros in between
    fillers = gaps // most
    ends = np.cumsum(fillers + 1) - 1
    all_gaps = np.full(int((fillers + 1).sum()), most - 1, dtype=np.int64)
    all_values = np.full(len(all_gaps), 1 << bits, dtype=np.int64)
    all_gaps[ends], all_values[ends] = gaps % most, codes
    return Symbols(gaps=all_gaps, values=all_values, gap_bits=gap_bits, bits=bits)


class SharedValueStore(Store):
    """Two Huffman streams, their tables, and the shared values."""

    gaps: Tensor
    codes: Tensor
    gap_lengths: Tensor
    code_lengths: Tensor
    values: Tensor

    def __init__(self, weight: Tensor, mask: Tensor, bits: int, gap_bits: int) -> None:
        super().__init__()
        self.rows, self.columns = weight.shape
        kept = weight[mask].numpy()
        levels = levels_of(kept, 1 << bits).astype(np.float16)
        codes = nearest_level(kept, levels.astype(np.float64))
        found = symbols_of(codes, np.flatnonzero(mask.numpy().reshape(-1)), bits, gap_bits)
        self.count = len(found.gaps)
        self.least_bits = 0.0
        for name, each, counts in zip(("gap", "code"), (found.gaps, found.values), found.counts(), strict=True):
            lengths = code_lengths(counts)
            self.least_bits += entropy_bits(counts)
            self.register_buffer(f"{name}_lengths", torch.from_numpy(lengths))
            self.register_buffer(f"{name}s", torch.from_numpy(encoded(each, lengths)))
        self.register_buffer("values", torch.from_numpy(levels))

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""
        gaps = decoded(self.gaps.numpy(), self.gap_lengths.numpy(), self.count)
        codes = decoded(self.codes.numpy(), self.code_lengths.numpy(), self.count)
        filler = codes == len(self.values)
        places = np.cumsum(gaps + ~filler) - 1  # a filler stands for its gap and one zero less
        places += np.cumsum(filler)
        flat = np.zeros(self.rows * self.columns, dtype=np.float32)
        flat[places[~filler]] = self.values.float().numpy()[codes[~filler]]
        return torch.from_numpy(flat).view(self.rows, self.columns)

    def stored_bytes(self) -> dict[str, int]:
        """Streams, tables, and the shared values apart."""
        linear = self.gaps.nbytes + self.codes.nbytes + self.gap_lengths.nbytes + self.code_lengths.nbytes
        return {"linear": linear, "channel scales": self.values.nbytes}
