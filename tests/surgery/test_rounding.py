"""Rounding with feedback: against a dense least-squares solve of every column, against LDLQ, and its own objective."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.incoherence import incoherent_store
from interlock.surgery.rounding import factor, optimal_store, round_columns
from interlock.surgery.statistics import InputStatistics, damped, objective


def problem(rows: int, columns: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and the damped Hessian of correlated inputs."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(columns, columns, generator=generator) / columns**0.5 + torch.eye(columns)
    x = torch.randn(4 * columns, columns, generator=generator) @ mixing
    x = x * torch.exp(0.7 * torch.randn(columns, generator=generator))
    statistics = InputStatistics(columns)
    statistics.add(x)
    return torch.randn(rows, columns, generator=generator), damped(statistics.hessian, 0.01)


@given(columns=st.integers(8, 16), seed=st.integers(0, 30), block=st.sampled_from([1, 3, 64]))
@settings(max_examples=25, deadline=None)
def test_every_column_is_corrected_as_a_dense_least_squares_solve_says(columns: int, seed: int, block: int):
    weight, hessian = problem(3, columns, seed)
    grid = IntegerGrid(bits=3)
    scale, zero = grid.fit(weight)
    seen: list[np.ndarray] = []

    def column(j: int, w: torch.Tensor) -> torch.Tensor:
        seen.append(w.double().numpy().copy())
        return grid.nearest_column(w, scale[:, 0], zero[:, 0])

    rounded = round_columns(weight, factor(hessian), column, block=block).double().numpy()
    w, h = weight.double().numpy(), hessian.double().numpy()
    for j in range(columns):  # the best values of all columns from j on, those before being fixed as rounded
        fixed, free = slice(0, j), slice(j, columns)
        best = w[:, free] - np.linalg.solve(h[free, free], h[free, fixed] @ (rounded[:, fixed] - w[:, fixed]).T).T
        assert np.allclose(seen[j], best[:, 0], rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_ldlq(seed: int):
    """Theorem 6 of QuIP: rounding W_k + (W - Q)_{<k} a_k, with a_k from H = (U + I) D (U + I)^T, is the same."""
    weight, hessian = problem(5, 16, seed)
    grid = IntegerGrid(bits=2)
    scale, zero = grid.fit(weight)
    found = (
        round_columns(weight, factor(hessian), lambda j, w: grid.nearest_column(w, scale[:, 0], zero[:, 0]))
        .double()
        .numpy()
    )
    flipped = np.linalg.cholesky(hessian.double().numpy()[::-1, ::-1])  # LL^T of the reversed matrix is UU^T of H
    upper = flipped[::-1, ::-1]
    feedback = upper / np.diag(upper) - np.eye(16)
    w, q = weight.double().numpy(), np.zeros((5, 16))
    for k in range(16):
        target = w[:, k] + (w[:, :k] - q[:, :k]) @ feedback[:k, k]
        q[:, k] = grid.nearest_column(torch.from_numpy(target).float(), scale[:, 0], zero[:, 0]).double().numpy()
    assert np.allclose(found, q, atol=1e-6)


def brute_force(weight: np.ndarray, hessian: np.ndarray, nearest, order: list[int]) -> np.ndarray:
    """Optimal Brain Quantization in a given order: remove, solve, go on, with explicit inverses of what is left."""
    w, left = weight.copy(), list(range(len(weight)))
    for j in order:
        inverse = np.linalg.inv(hessian[np.ix_(left, left)])
        place = left.index(j)
        rounded = nearest(w[j])
        change = -(w[j] - rounded) / inverse[place, place] * inverse[:, place]
        w[left] += change
        w[j] = rounded
        left.remove(j)
    return w


@pytest.mark.parametrize("size", [8, 12, 16])
@pytest.mark.parametrize("act_order", [True, False])
def test_stores_equal_optimal_brain_quantization_by_brute_force(size: int, act_order: bool):
    weight, hessian = problem(4, size, seed=size)
    grid = IntegerGrid(bits=4)
    found = optimal_store(weight, hessian, grid, damping=0.0, act_order=act_order).dequantize().double().numpy()
    scale, zero = (part.double().numpy()[:, 0] for part in grid.fit(weight))
    h = hessian.double().numpy()
    order = list(np.argsort(-np.diag(h), kind="stable")) if act_order else list(range(size))
    for row in range(4):
        s, z = scale[row], zero[row]
        expected = brute_force(
            weight[row].double().numpy(), h, lambda v, s=s, z=z: s * (np.clip(np.rint(v / s) + z, 0, 15) - z), order
        )
        assert np.allclose(found[row], expected, atol=1e-5)


@pytest.mark.parametrize("bits", [2, 3, 4])
@pytest.mark.parametrize("group_size", [0, 16])
@pytest.mark.parametrize("static", [True, False])
def test_its_objective_is_below_that_of_rounding_to_nearest(bits: int, group_size: int, static: bool):
    weight, hessian = problem(24, 64)
    grid = IntegerGrid(bits=bits, group_size=group_size)
    found = optimal_store(weight, hessian, grid, static_groups=static).dequantize()
    assert objective(found - weight, hessian) < 0.8 * objective(grid.nearest(weight) - weight, hessian)


@pytest.mark.parametrize("group_size", [0, 16])
@pytest.mark.parametrize("act_order", [True, False])
def test_inputs_without_correlation_leave_rounding_to_nearest(group_size: int, act_order: bool):
    weight, _ = problem(8, 32)
    grid = IntegerGrid(bits=4, group_size=group_size, symmetric=False)
    found = optimal_store(weight, torch.eye(32), grid, act_order=act_order).dequantize()
    assert torch.equal(found, grid.nearest(weight))


def test_groups_fitted_on_the_way_keep_the_order_they_were_made_in():
    weight, hessian = problem(8, 64)
    grid = IntegerGrid(bits=4, group_size=16)
    store = optimal_store(weight, hessian, grid, static_groups=False)
    assert store.order is not None
    assert sorted(store.order.tolist()) == list(range(64))
    assert store.stored_bytes()["order"] == 64 * 4
    assert optimal_store(weight, hessian, grid).order is None


def test_at_two_bits_incoherence_beats_rows_with_a_few_large_weights():
    weight, hessian = problem(64, 64)
    weight[:, ::16] *= 12
    plain = optimal_store(weight, hessian, IntegerGrid(bits=2), damping=0.01).dequantize()
    found = incoherent_store(weight, hessian, 2).dequantize()
    assert objective(found - weight, hessian) < 0.5 * objective(plain - weight, hessian)


def test_incoherent_codes_with_enough_bits_give_the_weights_back():
    weight, hessian = problem(48, 36)
    found = incoherent_store(weight, hessian, 8, rho=6.0).dequantize()
    assert float((found - weight).norm() / weight.norm()) < 0.03


def test_a_singular_hessian_is_refused():
    with pytest.raises(InputError, match="more damping"):
        factor(torch.ones(4, 4) - torch.eye(4))
