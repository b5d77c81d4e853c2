"""Statistics of inputs equal what NumPy makes of all inputs at once."""

import numpy as np
import pytest
import torch

from interlock.surgery.statistics import InputStatistics, damped, objective


@pytest.mark.parametrize("features", [5, 384, 1000])
def test_moments_in_parts_are_those_of_all_inputs(features: int):
    x = torch.randn(3, 40, features, generator=torch.Generator().manual_seed(0)) - 0.2
    statistics = InputStatistics(features)
    for part in x:
        statistics.add(part)
    flat = x.reshape(-1, features).double().numpy()
    assert np.allclose(statistics.hessian.numpy(), 2 * flat.T @ flat / 120, atol=1e-4)
    assert np.allclose(statistics.mean_magnitude.numpy(), np.abs(flat).mean(0), atol=1e-5)
    assert np.allclose(statistics.largest.numpy(), np.abs(flat).max(0), atol=1e-6)


def test_the_objective_is_twice_the_mean_squared_change_of_outputs():
    generator = torch.Generator().manual_seed(0)
    x, change = torch.randn(50, 8, generator=generator), torch.randn(3, 8, generator=generator)
    statistics = InputStatistics(8)
    statistics.add(x)
    assert objective(change, statistics.hessian) == pytest.approx(
        2 * float((x @ change.T).square().sum()) / 50, rel=1e-5
    )


def test_features_that_were_never_seen_are_independent():
    statistics = InputStatistics(3)
    statistics.add(torch.tensor([[1.0, 2.0, 0.0]]))
    assert torch.equal(damped(statistics.hessian, 0.0)[2], torch.tensor([0.0, 0.0, 10 / 3]))
