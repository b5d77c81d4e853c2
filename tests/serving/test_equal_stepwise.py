"""The simulator that jumps over runs of steps equals the scheduler that takes each of them, event for event."""

from __future__ import annotations

import numpy as np
import pytest
from cases import cases
from hypothesis import HealthCheck, given, settings
from stepwise import stepwise

from interlock.serving.core import compiled
from interlock.serving.simulation import simulate


def same(requests, engine, policy, *, through_numba: bool) -> None:
    found = simulate(requests, engine, policy, compiled=through_numba)
    jobs = stepwise(requests, engine, policy)
    close = {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(found.first_s, [job.times[0] for job in jobs], **close)
    np.testing.assert_array_equal(found.preempted, [job.preempted for job in jobs])
    np.testing.assert_array_equal(found.cached, [job.cached for job in jobs])
    gaps = np.concatenate([np.repeat(np.diff(np.unique(job.times)), job.width) for job in jobs])  # of moments
    if policy.batching.gang:
        return  # a whole batch leaves together: it counts tokens that nobody asked for
    np.testing.assert_allclose(found.finish_s, [job.times[-1] for job in jobs], **close)
    made = sum(job.width * len(job.times) for job in jobs)
    assert found.replicas["tokens"].sum() == made == (requests.output * requests.samples).sum()
    assert found.gaps.sum() == found.replicas["gaps"].sum() == gaps.size
    np.testing.assert_allclose(found.replicas["gap_sum"].sum(), gaps.sum(), **close)
    np.testing.assert_allclose(found.replicas["gap_squares"].sum(), (gaps**2).sum(), **close)


@given(case=cases())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_jumping_simulator_equals_the_stepping_scheduler(case):
    same(*case, through_numba=False)


@pytest.mark.slow
@pytest.mark.skipif(not compiled.available(), reason="needs Numba")
@given(case=cases(most=150))
@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_compiled_simulator_equals_the_stepping_scheduler(case):
    same(*case, through_numba=True)
