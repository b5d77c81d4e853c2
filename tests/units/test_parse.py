"""Quantities at the border: every prefix, both kinds of GB, and refusals that say what would be accepted."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.units import UNITS, parse, show

DECIMAL = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50}
SMALL = {"f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "m": -3}


@pytest.mark.parametrize("prefix", DECIMAL)
@pytest.mark.parametrize("unit", ["B", "B/s", "FLOP/s", "OP/s", "Hz", "W", "J"])
def test_a_decimal_prefix_is_its_power_of_ten(prefix: str, unit: str):
    kind = {"B": "bytes", "B/s": "bytes/s", "OP/s": "FLOP/s"}.get(unit, unit)
    assert parse(f"3.5 {prefix}{unit}", kind) == pytest.approx(3.5 * 10.0 ** DECIMAL[prefix], rel=1e-15)


@pytest.mark.parametrize("prefix", BINARY)
@pytest.mark.parametrize(("unit", "kind"), [("B", "bytes"), ("B/s", "bytes/s")])
def test_a_binary_prefix_is_its_power_of_two(prefix: str, unit: str, kind: str):
    assert parse(f"3 {prefix}{unit}", kind) == 3 * 2.0 ** BINARY[prefix]


@pytest.mark.parametrize("prefix", SMALL)
@pytest.mark.parametrize(("unit", "kind"), [("s", "s"), ("J", "J"), ("J/bit", "J/bit")])
def test_a_small_prefix_is_its_power_of_ten(prefix: str, unit: str, kind: str):
    assert parse(f"2 {prefix}{unit}", kind) == pytest.approx(2 * 10.0 ** SMALL[prefix], rel=1e-15)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("80 GB", "bytes", 80e9),
        ("80 GiB", "bytes", 85_899_345_920),
        ("80GB", "bytes", 80e9),
        ("  80   GB ", "bytes", 80e9),
        ("400 Gbit/s", "bytes/s", 50e9),
        ("8 bit/s", "bytes/s", 1),
        ("3.35 TB/s", "bytes/s", 3.35e12),
        ("1_000 GB", "bytes", 1e12),
        ("1.5e3 kB", "bytes", 1.5e6),
        (".5 TB", "bytes", 0.5e12),
        ("+5 s", "s", 5),
        ("50ms", "s", 0.05),
        ("2 min", "s", 120),
        ("1 h", "s", 3600),
        ("4 d", "s", 345_600),
        ("250 mW", "W", 0.25),
        ("4 nm", "m", 4e-9),
        ("814 mm2", "m2", 814e-6),
        ("30000 USD", "USD", 30000),
        ("3.6 USD/h", "USD/s", 0.001),
        ("80 %", "ratio", 0.8),
        ("0.8", "ratio", 0.8),
        (0.8, "ratio", 0.8),
        (1, "ratio", 1.0),
        ("-2 s", "s", -2),
    ],
)
def test_a_quantity_is_read_into_si(text: str | float, kind: str, value: float):
    assert parse(text, kind) == pytest.approx(value, rel=1e-15)


def test_gb_and_gib_differ_by_seven_percent():
    assert parse("1 GiB", "bytes") / parse("1 GB", "bytes") == pytest.approx(1.073741824)


@pytest.mark.parametrize("kind", [kind for kind in UNITS if kind != "ratio"])
@pytest.mark.parametrize("number", ["80", 80, 80.0])
def test_a_bare_number_is_refused_since_its_unit_must_not_be_guessed(kind: str, number: str | float):
    with pytest.raises(InputError, match="without a unit; accepted: a number with a unit"):
        parse(number, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("80 GB", "bytes/s"),
        ("80 GB/s", "bytes"),
        ("80 Gb", "bytes"),
        ("80 gb", "bytes"),
        ("5 GiW", "W"),
        ("1 kOP", "FLOP/s"),
        ("5 seconds", "s"),
        ("2 USD", "USD/s"),
        ("3 GB extra", "bytes"),
    ],
)
def test_a_wrong_unit_is_refused_with_the_unit_found_and_those_known(text: str, kind: str):
    with pytest.raises(InputError) as caught:
        parse(text, kind, where="chip.toml", field="memories.main.capacity")
    suffix = text.split(" ", 1)[1]
    assert str(caught.value).startswith(f"chip.toml: memories.main.capacity: found unit '{suffix}'")
    assert all(f" {unit}" in str(caught.value) for unit in list(UNITS[kind])[1:])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, "nan GB", "inf GB", "1e999 GB", "", " ", "GB", "fast", "1__0 GB", "1_ GB", "_1 GB",
     "1,5 GB", "--1 GB", "0x10 GB", True, False, None, [80], "9" * 400 + " GB"],
)  # fmt: skip
def test_what_is_not_a_finite_number_is_refused(value: object):
    with pytest.raises(InputError, match=r"accepted: a (finite )?number"):
        parse(value, "bytes")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_no_ratio(value: bool):
    with pytest.raises(InputError, match=f"found {value}"):
        parse(value, "ratio")


@pytest.mark.parametrize("kind", UNITS)
def test_the_example_in_the_message_is_itself_accepted(kind: str):
    with pytest.raises(InputError) as caught:
        parse("?", kind)
    example = str(caught.value).split('"')[1]
    assert parse(example, kind) > 0


def test_a_long_text_is_quoted_short():
    with pytest.raises(InputError) as caught:
        parse("x" * 100_000, "bytes")
    assert len(str(caught.value)) < 300


@given(st.text(max_size=12), st.sampled_from(sorted(UNITS)))
def test_any_text_is_read_or_refused_and_never_breaks(text: str, kind: str):
    try:
        value = parse(text, kind)
    except InputError:
        return
    assert math.isfinite(value)


@given(st.floats(1.0, 9.99e20), st.sampled_from([("B", "bytes"), ("B/s", "bytes/s"), ("FLOP/s", "FLOP/s"), ("W", "W")]))
def test_what_is_shown_is_read_back_within_its_digits(value: float, unit: tuple[str, str]):
    assert parse(show(value, unit[0]), unit[1]) == pytest.approx(value, rel=5.01e-3)


@given(st.floats(1e-12, 999.0))
def test_seconds_are_read_back_within_their_digits(value: float):
    assert parse(show(value, "s", digits=6), "s") == pytest.approx(value, rel=5.01e-6)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.35e12, "B/s", "3.35 TB/s"),
        (999.9, "B", "1 kB"),
        (999.4, "B", "999 B"),
        (1e15, "B", "1 PB"),
        (0, "s", "0 s"),
        (0.05, "s", "50 ms"),
        (2.5e-6, "s", "2.5 µs"),
        (-1.5e9, "B", "-1.5 GB"),
        (math.inf, "s", "inf s"),
        (math.nan, "s", "unknown"),
        (None, "s", "unknown"),
        (0.845, "ratio", "84.5 %"),
        (2.5e22, "B", "25000 EB"),
    ],
)
def test_a_value_is_shown_with_the_prefix_people_use(value: float | None, unit: str, text: str):
    assert show(value, unit) == text
