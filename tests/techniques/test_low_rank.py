"""Low rank: SVD against NumPy, whitening against any other factors of the rank, low rank beside narrow weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.surgery.factoring import narrow_and_thin
from interlock.surgery.factors import FactoredLinear, FactorStore, factors, rank_for
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.statistics import objective
from interlock.techniques import technique


def case(rows=24, columns=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(200, columns, generator=generator) @ torch.randn(columns, columns, generator=generator)
    return torch.randn(rows, columns, generator=generator), 2 * inputs.T @ inputs / 200, generator


@given(st.integers(1, 24), st.integers(0, 99))
def test_the_error_is_that_of_the_singular_values_cut_off_as_numpy_has_them(rank, seed):
    weight, _, _ = case(seed=seed)
    left, right = factors(weight, rank)
    values = np.linalg.svd(weight.double().numpy(), compute_uv=False)
    error = float((left @ right - weight).square().sum())
    assert error == pytest.approx(float((values[rank:] ** 2).sum()), rel=1e-4, abs=1e-4)


@settings(max_examples=25)
@given(st.integers(1, 20), st.integers(0, 99))
def test_whitened_factors_have_the_least_objective_of_their_rank(rank, seed):
    weight, hessian, generator = case(seed=seed)
    root = torch.linalg.cholesky(hessian.double())
    left, right = factors(weight, rank, root)
    best = objective(left.double() @ right.double() - weight, hessian.double())
    values = torch.linalg.svdvals(weight.double() @ root)
    assert best == pytest.approx(float(values[rank:].square().sum()), rel=1e-3)
    others = [factors(weight, rank), factors(weight, rank, hessian.diagonal().sqrt())]
    others += [(left + 0.01 * torch.randn(left.shape, generator=generator), right) for _ in range(3)]
    for one, two in others:
        assert objective(one.double() @ two.double() - weight, hessian.double()) >= best * (1 - 1e-6)


def test_full_rank_is_the_layer_itself():
    weight, hessian, _ = case()
    left, right = factors(weight, 24, torch.linalg.cholesky(hessian.double()))
    assert torch.allclose(left @ right, weight, atol=1e-3)


def test_two_thin_products_are_the_dense_product_of_the_factors():
    weight, _, generator = case()
    layer = FactoredLinear(FactorStore(*factors(weight, 7)), torch.randn(24, generator=generator))
    x = torch.randn(5, 40, generator=generator)
    assert torch.allclose(layer(x), torch.nn.functional.linear(x, layer.weight, layer.bias), atol=1e-4)


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.01, 1))
def test_the_rank_is_the_largest_that_fits(rows, columns, share):
    rank = rank_for(rows, columns, share)
    held = share * rows * columns
    assert rank * (rows + columns) <= held * (1 + 1e-6) or rank == 1
    assert (rank + 1) * (rows + columns) > held * (1 - 1e-6)


@pytest.mark.parametrize("spec", ["svd:share=0", "svd-llm:share=2"])
def test_a_share_that_is_none_is_refused(build, calibration, spec):
    with pytest.raises(InputError, match="above 0, to 1"):
        technique(spec).apply(build(), calibration)


def test_alternating_errs_less_than_quantizing_once_and_factoring_the_rest():
    weight, _, _ = case(64, 64)
    grid = IntegerGrid(bits=3, group_size=32)
    store, errors = narrow_and_thin(weight, grid, 8, 6)
    assert min(errors) < 0.99 * errors[0]
    assert errors[0] < float((grid.nearest(weight) - weight).square().sum())
    assert float((store.dequantize() - weight).square().sum()) == pytest.approx(min(errors))


@pytest.mark.parametrize("scaling", ["whitening", "diagonal"])
def test_factors_that_see_inputs_err_less_on_them(build, calibration, scaling):
    layers = technique(f"svd-llm:scaling={scaling}").apply(build(), calibration).layers
    assert sum(layer.objective for layer in layers) < sum(layer.nearest for layer in layers)
    if scaling == "whitening":
        assert all(layer.objective <= layer.nearest * 1.001 for layer in layers)


def test_operations_fall_as_the_elements_do(build, calibration, unseen):
    from torch.utils.flop_counter import FlopCounterMode

    def products(model):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model.model(unseen, use_cache=False)
        return sum(value for name, value in counter.get_flop_counts()["Global"].items() if str(name).endswith("mm"))

    dense, thin = build(), build()
    result = technique("svd:share=0.4").apply(thin)
    (effect,) = result.effects
    assert products(thin) / products(dense) == pytest.approx(effect.share, rel=1e-6)
