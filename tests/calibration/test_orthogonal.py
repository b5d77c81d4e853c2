"""Steps of hidden matrices: nearly orthogonal, and a faster way down than Adam's where directions differ in scale."""

import numpy as np
import pytest

from interlock.cost.fitting.orthogonal import orthogonal, stepper

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("shape", [(48, 48), (64, 49), (20, 64)])
def test_singular_vectors_stay_and_singular_values_become_nearly_one(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    found = u.T @ orthogonal(matrix) @ v.T
    values = torch.diagonal(found)
    assert values.min() > 0.3
    assert values.max() < 1.3
    np.testing.assert_allclose((found - torch.diag(values)).numpy(), 0.0, atol=1e-3)


def test_a_badly_scaled_regression_is_solved():
    torch.manual_seed(0)
    x = torch.randn(400, 8) * torch.logspace(0, -2, 8)
    truth = torch.randn(4, 8)
    matrix, bias = torch.zeros(4, 8, requires_grad=True), torch.zeros(4, requires_grad=True)
    step = stepper([matrix], [bias], 300, (0.1, 1e-2), 0.0)
    for _ in range(300):
        step((x @ matrix.T + bias - x @ truth.T).abs().mean())
    assert (x @ matrix.T + bias - x @ truth.T).abs().mean() < 0.02
