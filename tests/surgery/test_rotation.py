"""Rotations are orthogonal, Hadamard where a matrix is known, and fast ones equal dense ones."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interlock.surgery.rotation import rotation, walsh_hadamard

HADAMARD = [1, 2, 4, 12, 20, 24, 28, 36, 44, 60, 64, 128, 576, 768, 960, 1536]
RANDOM = {9: 9, 5: 5, 172: 43, 18: 9}


def sylvester(order: int) -> np.ndarray:
    """H_2n = [[H, H], [H, -H]]."""
    if order == 1:
        return np.ones((1, 1))
    half = sylvester(order // 2)
    return np.block([[half, half], [half, -half]])


@pytest.mark.parametrize("size", HADAMARD)
def test_widths_with_a_known_matrix_have_entries_of_one_size(size: int):
    turn = rotation(size, 3)
    matrix = turn.matrix()
    assert "random" not in turn.kind
    assert torch.allclose(matrix.abs(), torch.full((size, size), size**-0.5), atol=1e-5)
    assert torch.allclose(matrix @ matrix.T, torch.eye(size), atol=1e-5)


@pytest.mark.parametrize(("size", "odd"), RANDOM.items())
def test_other_widths_say_that_a_factor_is_random(size: int, odd: int):
    turn = rotation(size, 3)
    assert turn.kind == f"Hadamard with a random orthogonal factor of order {odd}"
    assert torch.allclose(turn.matrix() @ turn.matrix().T, torch.eye(size), atol=1e-5)


@pytest.mark.parametrize("size", [*HADAMARD, *RANDOM])
def test_the_fast_product_is_the_dense_one(size: int):
    turn = rotation(size, 1)
    x = torch.randn(2, 3, size, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(turn.apply(x), x @ turn.matrix(), atol=1e-4)
    assert torch.allclose(turn.inverse(turn.apply(x)), x, atol=1e-5)


@given(st.integers(0, 8))
def test_powers_of_two_are_sylvesters_recursion(twos: int):
    expected = torch.from_numpy(sylvester(2**twos) / 2 ** (twos / 2)).float()
    assert torch.allclose(walsh_hadamard(torch.eye(2**twos)), expected, atol=1e-6)
    assert torch.allclose(rotation(2**twos).matrix(), expected, atol=1e-6)


def test_a_seed_gives_the_same_rotation_and_another_seed_another():
    assert torch.equal(rotation(36, 5).matrix(), rotation(36, 5).matrix())
    assert not torch.equal(rotation(36, 5).matrix(), rotation(36, 6).matrix())


def test_an_outlier_is_spread_over_all_features():
    x = torch.zeros(576)
    x[7] = 100
    assert float(rotation(576, 0).apply(x).abs().max()) == pytest.approx(100 / 24, rel=1e-4)
