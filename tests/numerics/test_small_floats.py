"""Small floats against ml_dtypes, gfloat and PyTorch: every code, and rounding of every kind of input."""

import numpy as np
import pytest

from interlock.numerics.microscaling import powers
from interlock.numerics.rounding import shortened
from interlock.numerics.small_floats import FLOATS, SmallFloat

from .conftest import around_ties, awkward, bit_equal

ML_DTYPES = {
    "fp16": "float16",
    "bf16": "bfloat16",
    "fp8-e4m3": "float8_e4m3fn",
    "fp8-e5m2": "float8_e5m2",
    "fp8-e4m3fnuz": "float8_e4m3fnuz",
    "fp8-e5m2fnuz": "float8_e5m2fnuz",
    "fp8-e4m3b11fnuz": "float8_e4m3b11fnuz",
    "fp8-e4m3-ieee": "float8_e4m3",
    "fp8-e3m4": "float8_e3m4",
    "fp6-e3m2": "float6_e3m2fn",
    "fp6-e2m3": "float6_e2m3fn",
    "fp4-e2m1": "float4_e2m1fn",
}
# By hand, from value = 2^(E - b) (1 + M / 2^m) and 2^(1 - b) M / 2^m: magnitudes of codes without their sign bit.
BY_HAND = {
    "fp4-e2m1": [0, 0.5, 1, 1.5, 2, 3, 4, 6],  # b = 1: subnormal M / 2, then 1, 2 and 4 times 1 and 1.5
    "fp4-e3m0": [0, 0.25, 0.5, 1, 2, 4, 8, 16],  # b = 3, no mantissa: 2^(E - 3), and E = 0 is zero alone
    "fp4-e1m2": [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5],  # b = 0: steps of 2^(1 - 0 - 2) throughout
    "fp6-e2m3": [*(i / 8 for i in range(16)), *(i / 4 for i in range(8, 16)), *(i / 2 for i in range(8, 16))],
}
LARGEST = {"fp8-e4m3": 448, "fp8-e5m2": 57344, "fp6-e3m2": 28, "fp6-e2m3": 7.5, "fp4-e2m1": 6, "fp8-e4m3fnuz": 240,
           "fp8-e5m2fnuz": 57344, "fp16": 65504, "hfp8-forward": 30, "hfp8-backward": 114688}  # fmt: skip
SMALLEST = {"fp8-e4m3": 2**-9, "fp8-e5m2": 2**-16, "fp6-e3m2": 2**-4, "fp6-e2m3": 2**-3, "fp4-e2m1": 0.5,
            "hfp8-forward": 2**-13, "hfp8-backward": 2**-16, "fp16": 2**-24, "fp4-e3m0": 0.25}  # fmt: skip


def reference(ml_dtypes, name: str) -> np.dtype:
    known = ML_DTYPES[name]
    return np.dtype(np.float16) if known == "float16" else np.dtype(getattr(ml_dtypes, known))


@pytest.mark.parametrize("name", ML_DTYPES)
def test_every_code_has_the_value_that_ml_dtypes_gives_it(ml_dtypes, name: str):
    kind = FLOATS[name]
    codes = np.arange(2**kind.bits, dtype=np.uint8 if kind.bits <= 8 else np.uint16)
    with np.errstate(invalid="ignore"):  # signalling codes
        known = codes.view(reference(ml_dtypes, name)).astype(np.float64)
    assert bit_equal(kind.numbers(codes), known).all()
    back = kind.codes(kind.numbers(codes))
    assert ((back == codes) | np.isnan(known)).all()
    assert np.isnan(kind.numbers(back[np.isnan(known)])).all()


@pytest.mark.parametrize("name", ML_DTYPES)
def test_rounding_is_that_of_ml_dtypes_for_every_kind_of_input(ml_dtypes, name: str):
    kind = FLOATS[name]
    x = np.concatenate([awkward(), around_ties(kind.table())])
    with np.errstate(all="ignore"):
        known = x.astype(reference(ml_dtypes, name)).astype(np.float32)
    found = kind.cast(x)
    compared = ~np.isnan(x) if kind.specials == "finite" else np.ones(x.size, dtype=bool)  # it has no NaN to give
    assert bit_equal(found, known)[compared].all()
    assert np.isnan(found[np.isnan(x)]).all()
    assert bit_equal(kind.cast(x.astype(np.float64)).astype(np.float32), found).all()


@pytest.mark.parametrize("name", ML_DTYPES)
def test_saturating_changes_only_what_overflows(name: str):
    kind = FLOATS[name]
    x = np.concatenate([awkward(), around_ties(kind.table())])
    plain, held = kind.cast(x), kind.cast(x, saturate=True)
    inside = np.abs(plain) <= kind.largest
    assert bit_equal(plain[inside], held[inside]).all()
    beyond = ~inside & ~np.isnan(x) & ~(np.isinf(x) & (kind.specials == "ieee"))
    assert (held[beyond] == np.copysign(np.float32(kind.largest), x[beyond])).all()


def test_powers_in_a_byte_are_those_of_ml_dtypes(ml_dtypes):
    codes = np.arange(256, dtype=np.uint8)
    assert bit_equal(powers(codes), codes.view(ml_dtypes.float8_e8m0fnu).astype(np.float64)).all()


@pytest.mark.parametrize(("rounding", "mode"), [("nearest", "TiesToEven"), ("zero", "TowardZero"),
                                                ("down", "TowardNegative")])  # fmt: skip
@pytest.mark.parametrize("name", ["fp8-e5m2", "fp8-e4m3", "fp6-e3m2", "fp6-e2m3", "fp4-e2m1"])
def test_every_rounding_rule_is_that_of_gfloat(gfloat, name: str, rounding, mode: str):
    from gfloat import formats

    known_format = {
        "fp8-e5m2": formats.format_info_ocp_e5m2,
        "fp8-e4m3": formats.format_info_ocp_e4m3,
        "fp6-e3m2": formats.format_info_ocp_e3m2,
        "fp6-e2m3": formats.format_info_ocp_e2m3,
        "fp4-e2m1": formats.format_info_ocp_e2m1,
    }[name]
    kind = FLOATS[name]
    x = np.concatenate([awkward()[::23], around_ties(kind.table())]).astype(np.float64)
    x = x[np.abs(x) <= kind.largest]
    known = gfloat.round_ndarray(known_format, x, getattr(gfloat.RoundMode, mode), True)
    assert x.size > 5000
    assert (kind.cast(x, rounding, saturate=True) == known).all()


@pytest.mark.parametrize(("name", "dtype"), [("fp8-e4m3", "float8_e4m3fn"), ("fp8-e5m2", "float8_e5m2"),
                                             ("fp8-e4m3fnuz", "float8_e4m3fnuz"), ("fp16", "float16"),
                                             ("fp8-e5m2fnuz", "float8_e5m2fnuz"), ("bf16", "bfloat16")])  # fmt: skip
def test_rounding_is_that_of_pytorch_where_nothing_overflows(name: str, dtype: str):
    torch = pytest.importorskip("torch")
    kind = FLOATS[name]
    x = np.concatenate([awkward(), around_ties(kind.table())])
    x = x[np.abs(x) <= kind.largest]  # beyond, PyTorch saturates to 448 where ml_dtypes gives NaN
    known = torch.from_numpy(x).to(getattr(torch, dtype)).float().numpy()
    assert bit_equal(kind.cast(x), known).all()


@pytest.mark.parametrize("name", BY_HAND)
def test_the_table_is_the_one_derived_by_hand(name: str):
    half = FLOATS[name].table()[: len(BY_HAND[name])]
    assert half.tolist() == BY_HAND[name]


def test_the_limits_are_the_published_ones():
    assert {name: FLOATS[name].largest for name in LARGEST} == LARGEST
    assert {name: FLOATS[name].smallest for name in SMALLEST} == SMALLEST


def test_without_mantissa_a_tie_goes_to_the_even_exponent():
    # E3M0, bias 3: 2^-2 ... 2^4 are codes 1 ... 7. 0.375 lies between codes 1 and 2, 0.75 between 2 and 3, and so on.
    kind = FLOATS["fp4-e3m0"]
    ties = np.array([0.125, 0.375, 0.75, 1.5, 3, 6, 12])
    assert kind.cast(ties).tolist() == [0, 0.5, 0.5, 2, 2, 8, 8]
    assert (kind.codes(kind.cast(ties)) % 2 == 0).all()


def test_any_split_of_bits_decodes_what_it_encodes():
    for exponent in range(1, 9):
        for mantissa in range(8):
            for specials in ("ieee", "fn", "fnuz", "finite"):
                kind = SmallFloat(exponent=exponent, mantissa=mantissa, specials=specials)
                table = kind.table()
                known = np.isfinite(table)
                assert (kind.codes(table[known]) == np.flatnonzero(known)).all(), kind
                assert kind.largest == (table[known].max() if known.any() else 0), kind
                assert bit_equal(kind.cast(table[known]), table[known]).all(), kind


def test_bits_are_dropped_as_tensor_cores_drop_them():
    # 1 + 2^-11 is halfway between 1 and 1 + 2^-10: to the even one; the next fp32 number above goes up.
    x = np.array([1, 1 + 2**-11, 1 + 2**-11 + 2**-23, 1 + 3 * 2**-11, np.inf, -np.inf, 3.4028235e38], np.float32)
    step = 2**-10
    assert shortened(x, 13).tolist() == [1, 1, 1 + step, 1 + 2 * step, np.inf, -np.inf, np.inf]
