"""Huffman codes: lossless, prefix-free, no longer than any other code, within a bit of the entropy."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.numerics.huffman import code_lengths, codes_of, decoded, encoded, entropy_bits


@given(st.lists(st.integers(0, 11), min_size=1, max_size=300))
def test_symbols_come_back_in_no_more_than_a_bit_beyond_the_entropy(symbols):
    counts = np.bincount(symbols, minlength=12)
    lengths = code_lengths(counts)
    stream = encoded(symbols, lengths)
    assert decoded(stream, lengths, len(symbols)).tolist() == symbols
    bits = int((counts * lengths).sum())
    assert len(stream) == -(-bits // 8)
    assert entropy_bits(counts) - 1e-6 <= bits <= entropy_bits(counts) + len(symbols)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=20))
def test_no_code_begins_another_and_none_is_wasted(counts):
    lengths = code_lengths(counts)
    used = np.flatnonzero(lengths)
    words = [format(codes_of(lengths)[i], f"0{lengths[i]}b") for i in used]
    assert not any(a != b and b.startswith(a) for a, b in itertools.permutations(words, 2))
    if len(used) > 1:
        assert sum(2.0 ** -len(word) for word in words) == pytest.approx(1)


def test_a_known_code():
    """Counts 1, 1, 2, 4: lengths 3, 3, 2, 1, as in any textbook."""
    assert code_lengths([1, 1, 2, 4]).tolist() == [3, 3, 2, 1]
    assert [format(code, "b") for code in codes_of(code_lengths([1, 1, 2, 4]))] == ["110", "111", "10", "0"]
