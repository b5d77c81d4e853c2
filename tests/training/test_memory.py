"""Memory of training against the published formulas, to the last byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError, UnsupportedError
from interlock.models.catalogue import from_config, model
from interlock.parallel import Parallelism
from interlock.training import Job, memory_plan
from interlock.training.memory import layer_bytes, parameters


def gpt(width=1024, layers=8, heads=16, vocabulary=51200):
    config = {
        "model_type": "gpt2",
        "n_embd": width,
        "n_layer": layers,
        "n_head": heads,
        "n_positions": 2048,
        "vocab_size": vocabulary,
    }
    return from_config(config, "gpt")


def job(found, *, tensor=1, pipeline=1, data=1, sequence=False, **told):
    cut = Parallelism(tensor=tensor, pipeline=pipeline, data=data, sequence=sequence)
    given = {"batch": 64, "microbatch": 2, "tokens": 2048, "fused_attention": False, "dropout": True} | told
    return Job(model=found, parallelism=cut, **given)


SIZES = {"s": st.sampled_from([512, 2048]), "b": st.integers(1, 4), "t": st.sampled_from([1, 2, 4, 8])}
SIZES |= {"h": st.sampled_from([1024, 6144]), "a": st.sampled_from([8, 16, 64])}


@given(**SIZES)
def test_a_layer_is_as_korthikanti_and_others_derive_it(s, b, t, h, a):
    """Equations 1, 2 and 4 of the paper, selective recomputation, and recomputation of everything."""
    found = gpt(h, 2, a)
    (layer,) = found.decoder.layers

    def held(sequence=False, recompute="none"):
        one = job(found, tensor=t, sequence=sequence, recompute=recompute, tokens=s, microbatch=b, batch=b)
        return float(layer_bytes(one, layer))

    sbh, scores = s * b * h, 5.0 * a * s / h
    assert held() == pytest.approx(sbh * (10 + 24 / t + scores / t), rel=1e-12)
    assert held(sequence=True) == pytest.approx(sbh / t * (34 + scores), rel=1e-12)
    assert held(sequence=True, recompute="selective") == pytest.approx(34.0 * sbh / t, rel=1e-12)
    assert held(recompute="selective") == pytest.approx(sbh * (10 + 24 / t), rel=1e-12)
    assert held(recompute="full") == pytest.approx(2.0 * sbh, rel=1e-12)


def test_a_pipeline_holds_one_micro_batch_of_all_layers():
    """The first stage holds p micro batches of L / p layers; interleaving, 1 + (p - 1) / (p v) of that."""
    found = gpt(2048, 16, 16)
    told = {"tensor": 4, "sequence": True, "recompute": "selective", "dropout": False}
    layers = 16 * 34.0 * 2048 * 2 * 2048 / 4 - 16 * 2.0 * 2048 * 2 * 2048 / 4  # less the two masks of a layer
    for stages, chunks, factor in ((2, 1, 1.0), (8, 1, 1.0), (8, 2, 1 + 7 / 16)):
        held = memory_plan(job(found, pipeline=stages, chunks=chunks, **told)).activations
        assert held == pytest.approx(layers * factor, rel=1e-12)


@pytest.mark.parametrize(("zero", "shared"), [(0, (1, 1, 1)), (1, (1, 1, 8)), (2, (1, 8, 8)), (3, (8, 8, 8))])
def test_zero_shares_out_as_its_paper_says(zero, shared):
    """Figure 1 of ZeRO: 2 + 2 + 12 bytes a weight; each stage divides one more of them by the replicas."""
    found = gpt()
    plan = memory_plan(job(found, data=8, batch=16, zero=zero, gradient_bytes=2.0))
    weights = sum(weight.elements * repeats for weight, repeats in found.weights())
    got = (plan.weights, plan.gradients, plan.optimizer)
    assert [float(part) for part in got] == [
        pytest.approx(each * weights / ways) for each, ways in zip((2, 2, 12), shared, strict=True)
    ]
    assert plan.total == pytest.approx(sum(map(float, got)) + float(plan.activations))


def test_chips_share_the_weights_of_a_replica():
    found = gpt(4096, 32, 32)
    whole = sum(weight.elements * repeats for weight, repeats in found.weights())
    assert parameters(found, Parallelism()) == whole
    cut = parameters(found, Parallelism(tensor=8, pipeline=np.array([1, 2, 4])))
    assert (cut * 8 * np.array([1, 2, 4]) >= whole * 0.999).all()
    assert (np.diff(cut) < 0).all()


@pytest.mark.parametrize(("name", "recompute", "sequence", "gib"), [
    ("gpt3-175b", "none", False, 66.84375), ("gpt3-175b", "selective", True, 12.3515625),
])  # fmt: skip
def test_published_activations_of_gpt_3(name, recompute, sequence, gib):
    """Figure 7 of the paper, as another project encodes it: GiB a chip with 8-way tensor and 8 stages of 3 chunks."""
    told = {"batch": 64, "microbatch": 1, "chunks": 3, "recompute": recompute, "sequence": sequence}
    held = memory_plan(job(model(name), tensor=8, pipeline=8, **told)).activations
    assert float(held) / 2**30 == pytest.approx(gib, rel=0.01)


def test_what_is_not_counted_is_refused():
    with pytest.raises(UnsupportedError, match="feed-forward"):
        memory_plan(job(model("mamba-130m")))
    with pytest.raises(InputError, match="microbatch"):
        job(gpt(), batch=3, microbatch=2)
    with pytest.raises(InputError, match="stage from 0 to 3"):
        job(gpt(), zero=4)
    with pytest.raises(InputError, match="decoder"):
        job(model("t5-small"))
