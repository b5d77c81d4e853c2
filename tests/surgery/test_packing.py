"""Packed codes come back, take the fewest bytes, and lie as NumPy's bit streams do."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interlock.numerics import packing as reference
from interlock.surgery.packing import pack, packed_bytes, unpack


@given(bits=st.integers(1, 8), count=st.integers(1, 300), seed=st.integers(0, 99))
def test_codes_come_back_from_the_bytes_that_the_reference_packs(bits: int, count: int, seed: int):
    codes = np.random.default_rng(seed).integers(0, 2**bits, count, dtype=np.uint8)
    packed = pack(torch.from_numpy(codes), bits)
    assert packed.dtype == torch.uint8
    assert len(packed) == packed_bytes(count, bits) == -(-count * bits // 8)
    assert np.array_equal(packed.numpy(), reference.pack(codes, bits))
    assert np.array_equal(unpack(packed, bits, count).numpy(), codes)


def test_the_first_of_two_codes_is_the_low_nibble():
    assert pack(torch.tensor([0x3, 0xA], dtype=torch.uint8), 4).tolist() == [0xA3]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_bytes_are_those_of_numpy(bits: int):
    codes = np.random.default_rng(0).integers(0, 2**bits, 64, dtype=np.uint8)
    stream = ((codes[:, None] >> np.arange(bits)) & 1).reshape(-1)
    assert np.array_equal(pack(torch.from_numpy(codes), bits).numpy(), np.packbits(stream, bitorder="little"))
