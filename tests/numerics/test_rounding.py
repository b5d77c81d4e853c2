"""Rounding rules: where each goes, that lots are fair, and that the same seed gives the same numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.numerics import codec
from interlock.numerics.rounding import ROUNDINGS, checked_rounding, round_whole
from interlock.numerics.small_floats import FLOATS
from interlock.numerics.tables import Table

MIXED = np.array([-2.5, -1.5, -0.7, -0.5, 0.0, 0.3, 0.5, 1.5, 2.0, 2.5])


@pytest.mark.parametrize(
    ("rounding", "known"),
    [
        ("nearest", [-2, -2, -1, 0, 0, 0, 0, 2, 2, 2]),
        ("zero", [-2, -1, 0, 0, 0, 0, 0, 1, 2, 2]),
        ("down", [-3, -2, -1, -1, 0, 0, 0, 1, 2, 2]),
    ],
)
def test_a_rule_goes_where_it_says(rounding, known: list[int]):
    assert round_whole(MIXED, rounding).tolist() == known


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stochastic_rounding_is_right_on_average(dtype):
    draws, rng = 200_000, np.random.default_rng(3)
    for share in (0.1, 0.5, 0.93):
        x = np.full(draws, 3 + share, dtype=dtype)
        found = round_whole(x, "stochastic", rng)
        assert set(np.unique(found)) == {3, 4}
        error = abs(float(found.mean(dtype=np.float64)) - (3 + share))
        assert error < 5 * np.sqrt(share * (1 - share) / draws)


@given(st.integers(-(2**20), 2**20), st.sampled_from(ROUNDINGS))
def test_a_whole_number_stays(number: int, rounding):
    x = np.array([number], dtype=np.float32)
    assert round_whole(x, rounding, np.random.default_rng(0)).tolist() == [number]


def test_infinity_and_nan_stay():
    x = np.array([np.inf, -np.inf, np.nan])
    for rounding in ROUNDINGS:
        found = round_whole(x, rounding, np.random.default_rng(0))
        assert found[0] == np.inf
        assert found[1] == -np.inf
        assert np.isnan(found[2])


@pytest.mark.parametrize("name", ["fp8-e4m3", "mxfp4", "nvfp4", "int4-g128", "int4-g128-asym", "nf4", "msfp12"])
def test_lots_give_neighbours_of_the_value_and_average_to_it(name: str):
    x = np.random.default_rng(1).standard_normal((4, 512)).astype(np.float32)
    down, up = (codec(name, rounding=rule) for rule in ("down", "nearest"))
    draws = np.stack([codec(name, rounding="stochastic", seed=seed).quantize(x) for seed in range(64)])
    assert (codec(name, rounding="stochastic", seed=5).quantize(x) == draws[5]).all()
    assert (draws.max(axis=0) >= draws.min(axis=0)).all()
    spread = np.abs(draws - x).max(axis=0)
    step = np.abs(up.quantize(x) - down.quantize(x)).max() + np.abs(x - up.quantize(x)).max()
    assert spread.max() <= 2 * step
    noise = draws.std(axis=0) / 8
    inside = noise > 0
    gap = np.abs(draws.mean(axis=0) - x)[inside] / noise[inside]
    assert np.median(gap) < 1.2  # 0.67 standard errors for a fair lot, were it normal
    assert abs(float((draws.mean(axis=0) - x)[inside].mean())) < 5 * float(noise[inside].mean() / np.sqrt(inside.sum()))


def test_directed_rounding_of_floats_is_on_its_side():
    x = np.random.default_rng(2).standard_normal(20_000) * 4
    for kind in FLOATS.values():
        y = x[np.abs(x) < kind.largest]
        assert (kind.cast(y, "down") <= y).all()
        assert (np.abs(kind.cast(y, "zero")) <= np.abs(y)).all()
        nearest = np.abs(kind.cast(y) - y)
        assert (nearest <= np.abs(kind.cast(y, "down") - y)).all()


def test_tables_round_by_every_rule():
    table = Table(bits=2, sorted_numbers=(-3.0, -1.0, 0.0, 2.0))
    x = np.array([-9.0, -2.0, -0.4, 0.9, 1.0, 1.9, 2.0, 9.0])
    assert table.round(x).tolist() == [-3, -3, 0, 0, 0, 2, 2, 2]  # ties go to the lower number
    assert table.round(x, "down").tolist() == [-3, -3, -1, 0, 0, 0, 2, 2]
    assert table.round(x, "zero").tolist() == [-3, -1, 0, 0, 0, 0, 2, 2]


def test_an_unknown_rule_is_refused():
    assert [checked_rounding(name) for name in ROUNDINGS] == list(ROUNDINGS)
    with pytest.raises(InputError, match="one of nearest, stochastic, zero, down"):
        checked_rounding("up")
