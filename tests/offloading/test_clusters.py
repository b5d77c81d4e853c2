"""Pipelines of neuron clusters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.offloading.clusters import pipeline, pipeline_seconds

SHAPES = st.fixed_dictionaries({
    "layers": st.integers(1, 4), "held": st.integers(0, 6), "read": st.integers(0, 6),
    "compute_s": st.floats(0, 3), "read_s": st.floats(0, 3), "dense_s": st.floats(0, 3),
})  # fmt: skip


@given(SHAPES, st.booleans())
def test_events_take_what_the_closed_form_says(shape, by_cluster):
    found = pipeline(**shape, by_cluster=by_cluster).makespan
    assert found == pytest.approx(pipeline_seconds(**shape, by_cluster=by_cluster), abs=1e-9)


@given(SHAPES)
def test_clusters_are_never_slower_than_matrices(shape):
    assert pipeline(**shape, by_cluster=True).makespan <= pipeline(**shape, by_cluster=False).makespan + 1e-9
