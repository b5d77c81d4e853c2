"""Packing codes of any width: no bit is lost, none is wasted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.numerics.packing import join_six, pack, packed_size, split_six, unpack

# By hand: codes 1, 2, 3, 4 of 3 bits, the first lowest: 100 011 010 001 = 0x8D1, low byte first, 12 bits in two bytes.
BY_HAND = [(3, [1, 2, 3, 4], [0xD1, 0x08]), (4, [0xA, 0xB, 0xC], [0xBA, 0x0C]), (1, [1, 0, 1, 1], [0b1101]),
           (6, [0b111111, 0, 0b100001], [0b00111111, 0b00010000, 0b10]), (12, [0xABC, 0xDEF], [0xBC, 0xFA, 0xDE]),
           (16, [0x1234], [0x34, 0x12])]  # fmt: skip


@pytest.mark.parametrize(("bits", "codes", "stored"), BY_HAND)
def test_bytes_are_those_derived_by_hand(bits: int, codes: list[int], stored: list[int]):
    assert pack(np.array(codes, dtype=np.uint16), bits).tolist() == stored


@given(st.integers(1, 64), st.integers(0, 300), st.integers(0, 2**32 - 1))
def test_unpacking_gives_what_was_packed(bits: int, count: int, seed: int):
    codes = np.random.default_rng(seed).integers(0, 2**bits, count, dtype=np.uint64)
    stored = pack(codes, bits)
    assert stored.nbytes == packed_size(count, bits) == -(-count * bits // 8)
    assert (unpack(stored, bits, count) == codes).all()


@given(st.integers(0, 300), st.integers(0, 2**32 - 1))
def test_the_two_streams_of_fp6_give_the_codes_again(count: int, seed: int):
    codes = np.random.default_rng(seed).integers(0, 64, count, dtype=np.uint8)
    upper, lower = split_six(codes)
    assert (join_six(upper, lower, count) == codes).all()
    assert upper.nbytes == packed_size(count, 2)
    assert lower.nbytes == packed_size(count, 4)


def test_packing_matches_numpy_bit_by_bit():
    rng = np.random.default_rng(0)
    for bits in range(1, 33):
        codes = rng.integers(0, 2**bits, 1001, dtype=np.uint64)
        planes = (codes[:, None] >> np.arange(bits, dtype=np.uint64)) & np.uint64(1)
        known = np.packbits(planes.astype(np.uint8).reshape(-1), bitorder="little")
        assert (pack(codes, bits) == known).all()


def test_fewer_bytes_than_the_codes_take_are_refused():
    with pytest.raises(InputError, match="3 bytes for 4 codes of 6 bits"):
        unpack(np.zeros(2, dtype=np.uint8), 6, 4)


@pytest.mark.parametrize("bits", [0, 65, -1])
def test_widths_that_are_none_are_refused(bits: int):
    with pytest.raises(InputError, match="1 to 64 bits"):
        pack(np.zeros(2, dtype=np.uint8), bits)
