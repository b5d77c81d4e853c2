"""Matrix products of a recurrent translation model: gates of LSTM layers, attention, vocabulary.

idea: an LSTM layer of width d multiplies its input and its state, side by side, with the weights of four gates.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Gemm:
    """(m, k) times (k, n)."""

    m: int
    n: int
    k: int

    @property
    def transposed(self) -> Gemm:
        """The same product with its operands exchanged."""
        return Gemm(self.n, self.m, self.k)

    @property
    def weight_gradient(self) -> Gemm:
        """The product that gives the gradient of the (k, n) operand: the batch becomes the inner dimension."""
        return Gemm(self.k, self.n, self.m)

    @property
    def input_gradient(self) -> Gemm:
        """The product that gives the gradient of the (m, k) operand."""
        return Gemm(self.m, self.k, self.n)


def lstm_step(batch: int, width: int, inputs: int) -> Gemm:
    """One step of one layer: input and state in, four gates out."""
    return Gemm(batch, 4 * width, inputs + width)


def gnmt(batch: int, words: int, width: int, vocabulary: int, layers: int) -> list[tuple[str, Gemm]]:
    """The forward products of GNMT, by name: a bidirectional first encoder layer and a decoder that attends.

    Args:
        batch: sequences.
        words: target words that the projection sees at once, over the batch.
        width: of every layer.
        vocabulary: rows of the projection.
        layers: of the encoder and of the decoder each.
    """
    found = [
        ("encoder 1, forward", lstm_step(batch, width, width)),
        ("encoder 1, back", lstm_step(batch, width, width)),
    ]
    found.append(("encoder 2, both directions in", lstm_step(batch, width, 2 * width)))
    found += [(f"encoder {layer}", lstm_step(batch, width, width)) for layer in range(3, layers + 1)]
    found += [(f"decoder {layer}, with context", lstm_step(batch, width, 2 * width)) for layer in range(1, layers + 1)]
    found.append(("vocabulary", Gemm(words, vocabulary, width)))
    return found
