"""Formats that no package has, and published tables: numbers and bytes derived by hand."""

import numpy as np
import pytest

from interlock.numerics import codec
from interlock.numerics.ant import flint, flint_code, flint_element
from interlock.numerics.block_floats import box_dot
from interlock.numerics.codecs import integer
from interlock.numerics.integers import Integer
from interlock.numerics.normal_float import normal_quantiles
from interlock.numerics.olive import VICTIM, abfloat_element
from interlock.numerics.packing import unpack
from interlock.numerics.power_of_two import logarithmic_element
from interlock.numerics.scaled import ScaledCodec

# As QLoRA's appendix E prints them.
NF4 = [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
       -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
       0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]  # fmt: skip


def test_nf4_has_the_published_numbers():
    assert np.abs(np.array(normal_quantiles()) - NF4).max() < 1e-6


def test_nf4_codes_follow_thresholds_halfway_between_neighbours():
    middle = (np.array(NF4[1:]) + NF4[:-1]) / 2
    row = np.concatenate([middle - 1e-5, middle + 1e-5, [1.0], np.zeros(33)]).astype(np.float32)[None]
    made = codec("nf4")
    assert isinstance(made, ScaledCodec)
    codes = made.codes(made.encode(row))
    assert codes[:31].tolist() == [*range(15), *range(1, 16), 15]


def test_flint_has_the_numbers_of_its_paper():
    # 4 bits: 0xxx is itself; 1 1xx is 8 to 14 by 2 behind no zero; 1 01x is 16, 24; 1 001 is 32; 1 000 is 64.
    known = [0, 1, 2, 3, 4, 5, 6, 7, 64, 32, 16, 24, 8, 10, 12, 14]
    assert [flint(code, 4) for code in range(16)] == known
    assert [flint(code, 3) for code in range(8)] == [0, 1, 2, 3, 16, 8, 4, 6]
    assert [flint_code(flint(code, 6), 6) for code in range(64)] == list(range(64))
    with pytest.raises(ValueError, match="9"):
        flint_code(9, 4)


def test_signed_flint_is_a_sign_above_the_magnitude():
    kind = flint_element(4)
    numbers = kind.numbers(np.arange(16, dtype=np.uint8))
    assert numbers[:8].tolist() == [flint(code, 3) for code in range(8)]
    assert np.isnan(numbers[8])  # minus zero is not used
    assert (numbers[9:] == -numbers[1:8]).all()


def test_abfloat_has_the_numbers_of_its_paper():
    # (2 + M) 2^(E + 2): E = 0: 12 (8 is left out); E = 1: 16, 24; E = 2: 32, 48; E = 3: 64, 96.
    table = abfloat_element().numbers(np.arange(8, dtype=np.uint8))
    assert table.tolist() == [0, 12, 16, 24, 32, 48, 64, 96]
    assert abfloat_element(3).largest == 192


def test_an_outlier_takes_the_place_of_its_neighbour():
    rng = np.random.default_rng(0)
    row = rng.standard_normal(4096).astype(np.float32)
    row[10], row[11] = 40, 1  # the right one is the victim
    row[20], row[21] = 1, -40  # the left one is
    row[30], row[31] = 30, 50  # of two outliers the larger stays
    made = codec("olive4")
    stored = made.encode(row[None])
    codes = unpack(stored.parts["codes"], 4, 4096)
    assert codes[[11, 20, 30]].tolist() == [VICTIM] * 3
    assert stored.counted_bytes == 2048  # four bits a value, whatever happens
    back = made.decode(stored)[0]
    assert back[[11, 20, 30]].tolist() == [0, 0, 0]
    assert back[10] == pytest.approx(40, rel=0.2)
    assert back[21] == pytest.approx(-40, rel=0.2)
    assert back[31] == pytest.approx(50, rel=0.2)


def test_powers_of_two_are_a_sign_and_an_exponent():
    # codes 0 ... 6: 2^-0 ... 2^-6, code 7: zero, and the sign bit above.
    numbers = logarithmic_element(4).numbers(np.arange(16, dtype=np.uint8))
    assert numbers[:8].tolist() == [1, 0.5, 0.25, 0.125, 2**-4, 2**-5, 2**-6, 0]
    assert (numbers[8:15] == -numbers[:7]).all()
    fine = logarithmic_element(8, 8).numbers(np.arange(127, dtype=np.uint8))
    assert fine[8] == 0.5
    assert np.allclose(fine[1:] / fine[:-1], 2 ** (-1 / 8))


def test_a_box_of_msfp_is_the_one_derived_by_hand():
    # The largest is 3 = 0.75 2^2: exponent 2, step 2^(2 - 3) = 0.5. 0.3 is 0.6 steps: 1. -1.25 is -2.5: -2, to even.
    # 3.9 is 7.8 steps and would be 8, which three bits do not hold: 7.
    row = np.zeros((1, 16), dtype=np.float32)
    row[0, :4] = [3, 0.3, -1.25, 3.9]
    made = codec("msfp12")
    stored = made.encode(row)
    assert stored.parts["scales"].tolist() == [127 - 1]
    assert unpack(stored.parts["codes"], 4, 16)[:4].tolist() == [6, 1, 0b1010, 7]
    assert made.decode(stored)[0, :4].tolist() == [3, 0.5, -1, 3.5]


def test_a_dot_product_of_boxes_is_that_of_integers_shifted():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 160)).astype(np.float64)
    made = codec("msfp12")
    assert isinstance(made, ScaledCodec)
    p, q = made.encode(a), made.encode(b)
    assert box_dot(made, p, q) == float(made.decode(p) @ made.decode(q))


def test_a_block_of_mxfp4_is_the_one_derived_by_hand():
    # The largest is 5: floor(log2 5) - 2 = 0, scale 1 (byte 127). 5 is between 4 and 6: to the even code, 4 (0110).
    # 2.5 is between 2 and 3: to 2 (0100); -0.75 between 0.5 and 1: to 1, code 0010, with sign 1010.
    row = np.zeros((1, 32), dtype=np.float32)
    row[0, :3] = [5, 2.5, -0.75]
    stored = codec("mxfp4").encode(row)
    assert stored.parts["scales"].tolist() == [127]
    assert unpack(stored.parts["codes"], 4, 3).tolist() == [0b0110, 0b0100, 0b1010]


def test_integers_are_those_derived_by_hand():
    # int4 with a largest of 14: scale 2; 5 is 2.5 steps: 2, to even; -14 is -7, code 1001.
    row = np.array([[14.0, 5.0, -14.0, 1.1]], dtype=np.float32)
    made = codec("int4")
    stored = made.encode(row)
    assert stored.once["scales"].view(np.float32)[0] == 2
    assert unpack(stored.parts["codes"], 4, 4).tolist() == [7, 2, 0b1001, 1]
    # asymmetric, 2 bits, -1 to 2: scale 1, zero point 1: 0.4 is 0 + 1; the codes are 0, 3, 1, 2.
    affine = codec("int2-g4-asym").encode(np.array([[-1.0, 2.0, 0.4, 1.0]], dtype=np.float32))
    assert unpack(affine.parts["codes"], 2, 4).tolist() == [0, 3, 1, 2]
    assert unpack(affine.parts["offsets"], 2, 1).tolist() == [1]


def test_spans_of_integers_are_what_they_say():
    assert Integer(bits=2).table().tolist() == [-1, 0, 1]
    assert Integer(bits=2, span="full").table().tolist() == [-2, -1, 0, 1]
    assert Integer(bits=2, span="half").table().tolist() == [-1.5, -0.5, 0.5, 1.5]
    row = np.array([[1.5, 0.2, -0.9, -1.5]], dtype=np.float32)
    assert integer("int2", 2, span="half").quantize(row).tolist() == [[1.5, 0.5, -0.5, -1.5]]
    for span in ("narrow", "full", "half"):
        kind = Integer(bits=4, span=span)
        assert (kind.numbers(kind.codes(kind.table())) == kind.table()).all()


def test_a_real_minimum_keeps_what_is_far_from_zero():
    x = (np.random.default_rng(0).standard_normal((8, 128)) * 0.1 + 5).astype(np.float32)
    real = codec("int4-g128-asym", minimum="real", scale_as="float32")
    whole = codec("int4-g128-asym")
    assert np.abs(real.quantize(x) - x).max() < 0.05
    assert np.abs(whole.quantize(x) - x).max() > 0.1  # zero must be among its numbers
    assert (real.decode(real.encode(x)) == real.quantize(x)).all()


def test_blocks_of_gguf_are_those_derived_by_hand():
    # Q4_0: the value of largest magnitude is -4: d = -4 / -8 = 0.5; code x / d + 8: 0, then 1.2 / 0.5 + 8.5 = 10.9: 10.
    row = np.zeros((1, 32), dtype=np.float32)
    row[0, 0], row[0, 1] = -4, 1.2
    held = codec("q4-0").encode(row).parts["blocks"]
    assert held[:2].view(np.float16)[0] == 0.5
    assert (held[2] & 15, held[3] & 15, held[4]) == (0, 10, 0x88)
    # Q8_0: d = 4 / 127; 1.2 / d = 38.1: 38.
    held = codec("q8-0").encode(row).parts["blocks"]
    assert held[2:4].view(np.int8).tolist() == [-127, 38]
    assert (held.nbytes, codec("q4-0").encode(row).stored_bytes) == (34, 18)
