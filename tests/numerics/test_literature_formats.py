"""What the papers' formats promise: choices that err least, outliers where a formula puts them, exact products."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.numerics import codec
from interlock.numerics.bitfusion import bricks, composed_dot, composed_product, products_a_cycle
from interlock.numerics.cambricon_q import CambriconQCodec
from interlock.numerics.chosen import ChosenCodec
from interlock.numerics.fast import chosen_mantissa, falling_threshold, relative_improvement
from interlock.numerics.gobo import THRESHOLD, GoboCodec, centroids, outlier_distance
from interlock.numerics.mokey import exponent_histogram, golden_clusters, golden_fit, index, magnitudes, outlier_limit
from interlock.numerics.olaccel import OlaccelCodec
from interlock.numerics.packing import unpack
from interlock.numerics.searched_floats import channel_exponents, shifted


def mean_square(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean((x.astype(np.float64) - y) ** 2))


def weights(seed: int = 0, sigma: float = 0.02) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((64, 512)) * sigma).astype(np.float32)


# ANT and LLM-FP4


@pytest.mark.parametrize("name", ["ant4", "llm-fp4"])
def test_the_chosen_element_errs_least_of_all(name: str):
    made = codec(name)
    assert isinstance(made, ChosenCodec)
    rng = np.random.default_rng(1)
    for x in (rng.standard_normal((16, 512)), rng.laplace(size=(16, 512)), rng.uniform(-1, 1, (16, 512)),
              rng.standard_t(2.2, (16, 512))):  # fmt: skip
        errors = made.errors(x)
        assert made.choice(x) == min(errors, key=errors.__getitem__)
        assert mean_square(x, made.quantize(x)) == pytest.approx(min(errors.values()), rel=1e-6)
        assert min(errors.values()) <= mean_square(x, codec("int4").quantize(x))


def test_ant_takes_integers_for_uniform_values_and_powers_for_the_heaviest_tails():
    made, rng = codec("ant4"), np.random.default_rng(1)
    assert isinstance(made, ChosenCodec)
    assert made.choice(rng.uniform(-1, 1, (16, 512))) == "int"
    assert made.choice(rng.standard_t(1.5, (1, 8192))) == "power of two"
    assert made.choice(rng.laplace(size=(16, 512))) in {"float", "flint"}


def test_a_searched_scale_clips_where_that_errs_less():
    x = np.random.default_rng(1).standard_normal((64, 4096)).astype(np.float32)
    assert mean_square(x, codec("llm-fp4").quantize(x)) < 0.95 * mean_square(x, codec("fp4-e2m1").quantize(x))


@given(st.integers(0, 2**32 - 1))
def test_shifted_biases_are_exactly_scales_of_channels(seed: int):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((8, 16)) * 2.0 ** rng.integers(-6, 1, 16)
    weight = np.rint(rng.standard_normal((16, 4)) * 8)
    exponents = channel_exponents(x, 3)
    assert exponents.max() == 0
    assert exponents.min() >= -7
    moved, folded = shifted(x, weight, exponents)
    low = np.rint(moved * 8) / 8  # any rounding of the moved activations
    per_channel = low * 2.0 ** exponents.astype(float)
    assert (low @ folded == per_channel @ weight).all()
    assert np.abs(moved).max(axis=0).max() <= np.abs(x).max() * 2  # channels are brought to like size


# OliVe


def test_olive_errs_less_than_integers_and_ant_where_outliers_are():
    x = np.random.default_rng(2).standard_normal((32, 1024)).astype(np.float32)
    x[np.random.default_rng(3).random(x.shape) < 0.003] *= 20
    errors = {name: mean_square(x, codec(name).quantize(x)) for name in ("olive4", "int4", "ant4", "fp4-e2m1")}
    assert errors["olive4"] < 0.5 * min(errors["int4"], errors["ant4"], errors["fp4-e2m1"])


# GOBO


def test_outliers_lie_where_the_log_density_is_the_threshold():
    for sigma in (0.01, 0.04, 0.3):
        z = outlier_distance(sigma) / sigma
        assert -math.log(sigma * math.sqrt(2 * math.pi)) - z * z / 2 == pytest.approx(THRESHOLD)


def test_the_share_of_outliers_is_that_of_the_normal_distribution():
    x, sigma = weights(sigma=0.04), 0.04
    share = GoboCodec().outliers(x).mean()
    expected = math.erfc(outlier_distance(sigma) / sigma / math.sqrt(2))
    assert expected < 0.001
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected / x.size))


def test_outliers_come_back_as_they_were():
    x = weights()
    x[3, 7] = 5.5
    made = GoboCodec()
    back = made.quantize(x)
    assert (back[made.outliers(x)] == x[made.outliers(x)]).all()
    assert len(np.unique(back[~made.outliers(x)])) == 8


def test_the_l1_error_falls_each_round_and_ends_no_higher_than_that_of_k_means():
    for values in (weights(5), np.random.default_rng(6).laplace(size=20_000)):
        gobo, kmeans = centroids(values, 3), centroids(values, 3, until_l1_rises=False)
        assert all(np.diff(gobo.errors) < 0)
        assert gobo.errors[-1] <= kmeans.errors[-1]
        ordered = values.reshape(-1).astype(float)
        brute = np.abs(ordered[:, None] - gobo.values).min(axis=1).sum()
        assert gobo.errors[-1] == pytest.approx(brute, rel=1e-9)


def test_gobo_stores_a_little_over_three_bits():
    assert 3.0 < codec("gobo3").encode(weights(sigma=0.04)).bits < 3.2


# Mokey


def test_the_golden_dictionary_is_an_exponential_through_the_clusters():
    base, shift = golden_fit()
    clusters, shares = map(np.array, golden_clusters())
    nearby = [(shares * (a ** np.arange(8) + c - clusters) ** 2).sum() for a in (base - 1e-3, base, base + 1e-3)
              for c in (shift - 1e-3, shift, shift + 1e-3)]  # fmt: skip
    assert min(nearby) == nearby[4]  # a and c are where least squares puts them
    assert (shares * np.abs(magnitudes() - clusters)).sum() < 0.05
    assert (np.diff(magnitudes()) > 0).all()
    assert math.erfc(outlier_limit() / math.sqrt(2)) == pytest.approx(0.004, abs=0.003)


def test_counting_exponents_is_multiplying_centroids():
    rng = np.random.default_rng(0)
    a, b = (index(rng.standard_normal(4096) * 0.1) for _ in range(2))
    inside = ~(a.outlier | b.outlier)
    x, y = a.codes[inside], b.codes[inside]
    base, shift = (Fraction(number) for number in golden_fit())
    level = [base**k + shift for k in range(8)]
    sign = np.where((x ^ y) >> 3, -1, 1)
    direct = sum(int(s) * level[int(i & 7)] * level[int(j & 7)] for s, i, j in zip(sign, x, y, strict=True))
    histogram = exponent_histogram(x, y)
    single = sum(int(s) * (base ** int(i & 7) + base ** int(j & 7)) for s, i, j in zip(sign, x, y, strict=True))
    counted = sum(int(n) * base**k for k, n in enumerate(histogram)) + shift * single + shift**2 * int(sign.sum())
    assert counted == direct


def test_outliers_of_mokey_have_centroids_of_their_own():
    x = np.random.default_rng(1).standard_normal((64, 512)).astype(np.float32)
    x[5, 5] = 30
    made = codec("mokey4")
    stored = made.encode(x)
    count = int(unpack(stored.parts["counts"], 7, x.size // 64).sum())
    assert count == int(index(x).outlier.sum())
    assert np.abs(made.decode(stored)[np.abs(x) < 2.4] - x[np.abs(x) < 2.4]).max() < 0.35
    assert made.decode(stored)[5, 5] > 3


# OLAccel, Cambricon-Q


def test_olaccel_keeps_its_share_of_outliers_on_the_same_grid():
    x = weights()
    x[0, :5] = [3, -2, 1, 0.5, -4]
    made = OlaccelCodec()
    stored = made.encode(x)
    assert stored.parts["outliers"].size == 2 * int(0.03 * x.size)
    step = float(stored.once["step"].view(np.float32)[0])
    whole = made.decode(stored) / step
    assert np.allclose(whole, np.rint(whole), atol=1e-3)
    assert np.abs(made.quantize(x) - x).max() <= step / 2 * 1.001
    errors = [mean_square(x, OlaccelCodec(ratio=ratio).quantize(x)) for ratio in (0.0, 0.01, 0.03, 0.1)]
    assert errors == sorted(errors, reverse=True)


def test_more_ways_never_err_more_and_blocks_do_not_see_each_other():
    x = np.random.default_rng(4).standard_t(3, (4, 4096)).astype(np.float32)
    for bits in (4, 8):
        single, four = (np.square(CambriconQCodec(ways=ways, bits=bits).quantize(x) - x) for ways in (1, 4))
        assert (four.reshape(-1, 1024).sum(axis=1) <= single.reshape(-1, 1024).sum(axis=1) * 1.00001).all()
    four_bits = CambriconQCodec(bits=4)
    assert mean_square(x, four_bits.quantize(x)) < 0.95 * mean_square(x, CambriconQCodec(bits=4, ways=1).quantize(x))
    alone = four_bits.quantize(x[:, 1024:2048])
    assert (four_bits.quantize(x)[:, 1024:2048] == alone).all()


# FAST


def test_a_wider_mantissa_is_chosen_where_it_changes_the_tensor():
    rng = np.random.default_rng(0)
    rough = rng.standard_normal((8, 160)) * np.exp(rng.standard_normal((8, 160)))
    smooth = np.sign(rng.standard_normal((8, 160)))  # one magnitude: two bits are enough
    assert relative_improvement(smooth) == 0
    assert relative_improvement(np.zeros((2, 16))) == 0
    assert relative_improvement(rough) > 0.1
    assert chosen_mantissa(rough, 0.1) == 4
    assert chosen_mantissa(smooth, 0.1) == 2
    thresholds = [falling_threshold(layer, 4, step, 10) for layer in range(4) for step in (0, 10)]
    assert thresholds[0] == max(thresholds)
    assert thresholds[-1] == min(thresholds)


def test_lots_keep_the_mean_of_a_block_that_nearest_rounding_loses():
    x = np.full((1, 16), 0.01)
    x[0, 0] = 1.0  # steps of 1/4 in two bits: 0.01 is rounded away
    assert codec("fast-bfp2", rounding="nearest").quantize(x)[0, 1:].sum() == 0
    draws = [codec("fast-bfp2", seed=seed).quantize(x)[0, 1:].mean() for seed in range(2000)]
    assert np.mean(draws) == pytest.approx(0.01, rel=0.15)


# Bit Fusion


@pytest.mark.parametrize("signed", [True, False])
def test_every_product_of_four_bits_is_that_of_its_bricks(signed: bool):
    low, high = (-8, 8) if signed else (0, 16)
    a, b = np.meshgrid(np.arange(low, high), np.arange(low, high))
    assert (composed_product(a, b, 4, 4, signed=signed) == a * b).all()


@given(st.sampled_from([2, 4, 8, 16]), st.sampled_from([2, 4, 8, 16]), st.integers(0, 2**32 - 1))
def test_products_of_any_widths_are_those_of_their_bricks(left: int, right: int, seed: int):
    rng = np.random.default_rng(seed)
    a = rng.integers(-(2 ** (left - 1)), 2 ** (left - 1), (5, 9))
    b = rng.integers(-(2 ** (right - 1)), 2 ** (right - 1), (9, 3))
    assert (composed_dot(a, b, left, right) == a @ b).all()
    assert (sum(digit << (2 * i) for i, digit in enumerate(bricks(a, left))) == a).all()


def test_products_in_a_cycle_grow_with_the_square_of_narrowness():
    assert {bits: products_a_cycle(bits, bits) for bits in (2, 4, 8)} == {2: 16, 4: 4, 8: 1}
    assert products_a_cycle(8, 2) == 4
    with pytest.raises(InputError, match="integers from -8 to 7"):
        bricks(np.array([8]), 4)
    with pytest.raises(InputError, match="2, 4, 8 or 16"):
        bricks(np.array([1]), 5)
