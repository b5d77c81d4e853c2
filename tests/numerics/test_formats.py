"""Number formats: bits stored against values derived by hand, the grammar, and what a matrix engine multiplies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.numerics import known_formats, number_format, operand_format
from interlock.operators import COMPUTE_FORMATS

# element bits + (scale + zero + second-level share) / group, then sparsity: kept share plus where the kept ones are
BY_HAND = {
    "fp64": 64,
    "fp32": 32,
    "tf32": 32,
    "bf16": 16,
    "fp16": 16,
    "fp8-e4m3": 8,
    "fp8-e5m2": 8,
    "fp6-e3m2": 6,
    "fp6-e2m3": 6,
    "fp4-e2m1": 4,
    "int8": 8,
    "int4": 4,
    "int3": 3,
    "int2": 2,
    "mxfp8": 8 + 8 / 32,
    "mxfp6": 6 + 8 / 32,
    "mxfp4": 4.25,
    "mxint8": 8.25,
    "nvfp4": 4.5,
    "nf4": 4 + 32 / 64,
    "nf4-dq": 4.126953125,  # 4 + (8 + 32 / 256) / 64
    "msfp12": 4.5,  # 1 + 3 bits, and 8 shared by 16
    "msfp16": 8.5,
    "q8-0": 8.5,
    "q4-0": 4.5,
}
DERIVED = {
    "int4-g128": 4.125,
    "int4-g64": 4.25,
    "int4-g32": 4.5,
    "int3-g64": 3.25,
    "int8-g128": 8.125,
    "int2-g16": 3,
    "int4-g128-asym": 4.15625,  # (16 + 4) / 128
    "int8-g128-asym": 8.1875,
    "bf16+2:4": 9,  # half of 16, and 2 bits for each kept one
    "int8+2:4": 5,
    "fp8+2:4": 5,
    "bf16+1:4": 4.5,
    "bf16+4:8": 9.5,
    "bf16+1:1": 16,
    "bf16+50%": 9,  # half of 16, and a bitmap
    "bf16+0%": 17,
    "bf16+87.5%": 3,
    "int4-g128+50%": 3.0625,
    "int4-g128+2:4": 3.0625,
}


def test_every_named_format_is_checked_by_hand():
    assert {item.name for item in known_formats()} == set(BY_HAND)


@pytest.mark.parametrize(("name", "bits"), [*BY_HAND.items(), *DERIVED.items()])
def test_a_format_stores_the_bits_derived_by_hand(name: str, bits: float):
    assert number_format(name).bits == pytest.approx(bits, rel=1e-12)
    assert number_format(name).bytes == pytest.approx(bits / 8, rel=1e-12)


@pytest.mark.parametrize("item", known_formats(), ids=lambda item: item.name)
def test_a_named_format_multiplies_in_a_type_that_engines_have(item):
    assert item.operand in COMPUTE_FORMATS
    assert number_format(item.name) == item
    assert item.about


@pytest.mark.parametrize(
    ("alias", "name"),
    [("fp8", "fp8-e4m3"), ("FP8_E5M2", "fp8-e5m2"), (" bfloat16 ", "bf16"), ("half", "fp16"), ("w4", "int4-g128"),
     ("awq", "int4-g128-asym"), ("fp8+2:4", "fp8-e4m3+2:4")],
)  # fmt: skip
def test_an_alias_is_its_format(alias: str, name: str):
    assert number_format(alias) == number_format(name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "--weight-format"),
        ("int5", "did you mean int"),
        ("int4-g0", "a group of 1 to 65536 elements"),
        ("int4-g65537", "a group of 1 to 65536 elements"),
        ("int4-g" + "9" * 6000, "int4"),
        ("int4-gx", "int4"),
        ("int4-g128-sym", "int4-g128"),
        ("bf16+", "sparsity such as 2:4 or 50%"),
        ("bf16+3:2", "0 < N <= M <= 1024"),
        ("bf16+0:4", "0 < N <= M <= 1024"),
        ("bf16+2:2048", "0 < N <= M <= 1024"),
        ("bf16+100%", "below 100%"),
        ("bf16+120%", "below 100%"),
        ("bf16+-5%", "sparsity such as"),
        ("bf16+2:4+2:4", "sparsity such as"),
        ("+2:4", "--weight-format"),
    ],
)
def test_a_name_outside_the_grammar_is_refused_with_what_is_accepted(name: str, said: str):
    with pytest.raises(InputError) as caught:
        number_format(name, "--weight-format")
    assert said in str(caught.value)
    assert "--weight-format" in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.sampled_from([2, 3, 4, 8]), st.integers(1, 65536), st.booleans())
def test_a_larger_group_never_stores_more(bits: int, group: int, asymmetric: bool):
    tail = "-asym" if asymmetric else ""
    here = number_format(f"int{bits}-g{group}{tail}").bits
    assert bits < here == pytest.approx(bits + (16 + bits * asymmetric) / group)
    assert here >= number_format(f"int{bits}-g{min(2 * group, 65536)}{tail}").bits


@given(st.integers(1, 64), st.integers(1, 64))
def test_n_of_m_keeps_its_share_and_pays_for_places(kept: int, of: int):
    if kept > of:
        kept, of = of, kept
    places = (of - 1).bit_length()
    assert number_format(f"bf16+{kept}:{of}").bits == pytest.approx(kept / of * (16 + places))


@pytest.mark.parametrize(
    ("weight", "activation", "operand"),
    [
        ("int4-g128", "bf16", "bf16"),  # W4A16: weights are widened
        ("int4-g128", "fp16", "fp16"),
        ("nf4-dq", "bf16", "bf16"),
        ("mxfp4", "bf16", "bf16"),
        ("fp8", "bf16", "bf16"),
        ("int8", "int8", "int8"),
        ("fp8", "fp8", "fp8"),
        ("fp4", "fp8", "fp8"),
        ("fp8", "fp4", "fp8"),
        ("nvfp4", "nvfp4", "fp4"),
        ("int4-g128", "int8", "int8"),
        ("int4", "int4", "int4"),
        ("bf16", "fp8", "bf16"),
        ("bf16", "bf16", "bf16"),
        ("fp32", "bf16", "fp32"),
        ("bf16+2:4", "bf16", "bf16"),
        ("q4-0", "bf16", "bf16"),
        ("nf4", "int8", "bf16"),  # quantiles are no integers: a table turns them into 16 bits
        ("nf4", "fp8", "bf16"),
        ("int8", "nf4", "bf16"),
    ],
)
def test_the_wider_side_decides_what_is_multiplied(weight: str, activation: str, operand: str):
    assert operand_format(number_format(weight), number_format(activation)) == operand
