"""Reading neurons from flash."""

import numpy as np
import pytest

from interlock.models import Formats, model, scheme
from interlock.offloading.flash import Sparsity, flash, network_bytes, token_loads
from interlock.offloading.neuron_store import NeuronStore


def test_the_rate_rises_with_the_chunk_to_the_sequential_one():
    drive = flash("apple-ssd")
    chunks = 2.0 ** np.arange(9, 31)
    rates = drive.rate(chunks)
    assert np.all(np.diff(rates) > 0)
    assert rates[-1] == pytest.approx(6.1e9, rel=0.05)
    assert drive.rate(8192.0) == pytest.approx(1.25e9)


def test_network_bytes_are_two_thirds_of_opt():
    formats = Formats.of(scheme("fp16", "fp16"))
    assert network_bytes(model("opt-6.7b"), formats) == pytest.approx(32 * 2 * 4096 * 16384 * 2, rel=1e-3)


def test_loads_follow_from_bytes_and_chunks():
    formats, drive = Formats.of(scheme("fp16", "fp16")), flash("apple-ssd")
    loads = token_loads(model("opt-6.7b"), formats, drive, Sparsity(active=0.1, fresh=0.02), resident=0.5)
    assert loads.chunk["bundled"] == 2 * loads.chunk["windowed"] == 2 * 4096 * 2
    assert loads.bytes["predicted"] == pytest.approx(5 * loads.bytes["bundled"])
    assert loads.seconds["naive"] == pytest.approx(loads.bytes["naive"] / 6.1e9)
    assert list(loads.seconds) == ["naive", "predicted", "windowed", "bundled"]
    assert sorted(loads.seconds.values(), reverse=True) == list(loads.seconds.values())


@pytest.fixture
def network():
    rng = np.random.default_rng(1)
    up, down = (rng.standard_normal((64, 16)).astype(np.float32) for _ in range(2))
    steps = rng.standard_normal((40, 16)).astype(np.float32)
    return up, down, np.cumsum(steps, axis=0)  # neighbouring tokens are alike


@pytest.mark.parametrize("bundled", [False, True])
@pytest.mark.parametrize("window", [0, 1, 5])
def test_streamed_neurons_give_the_dense_output(network, tmp_path, window, bundled):
    up, down, tokens = network
    with NeuronStore(tmp_path / "neurons", up, down, window=window, bundled=bundled) as store:
        for x in tokens:
            active = np.flatnonzero(up @ x > 0)
            dense = np.maximum(up @ x, 0) @ down
            np.testing.assert_allclose(store.forward(x, active), dense, rtol=2e-4, atol=2e-4)
        assert store.largest == (2 if bundled else 1) * 16 * 4


def test_the_window_reads_exactly_what_recent_tokens_did_not_need(network, tmp_path):
    up, down, tokens = network
    needed = [set(np.flatnonzero(up @ x > 0).tolist()) for x in tokens]
    for window in (0, 1, 3, 8):
        with NeuronStore(tmp_path / f"{window}", up, down, window=window, bundled=True) as store:
            for x in tokens:
                store.forward(x, np.flatnonzero(up @ x > 0))
            fresh = sum(
                len(now - set().union(*needed[max(place - window, 0) : place])) for place, now in enumerate(needed)
            )
            assert store.reads == fresh
            assert store.bytes_read == fresh * 2 * 16 * 4
