"""Exhibits that need the lab: skipped with a note where it is not installed, soundly judged where it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cli import main, systems
from interlock.errors import MissingExtraError
from interlock.exhibits import discovery, exhibits, run, run_all
from interlock.exhibits.flipping import settled_channels, settled_kernels
from interlock.exhibits.rows import llm_int8
from interlock.techniques import technique


@pytest.fixture
def no_lab(monkeypatch):
    """As if PyTorch were not installed; two exhibits in all, so that running every one is quick."""
    monkeypatch.setattr("interlock.lab.extras.find_spec", lambda name: None)
    for module in (discovery, systems):
        monkeypatch.setattr(module, "exhibit_ids", lambda: ("gpt-3", "smoothquant"))


def test_without_the_lab_one_line_says_what_is_needed(no_lab):
    with pytest.raises(MissingExtraError, match=r"the exhibit of smoothquant needs an extra: .*interlock\[lab\]"):
        run("smoothquant")


def test_without_the_lab_all_others_run_and_the_rest_is_named(no_lab, capsys):
    assert [found.id for found, _ in run_all()] == ["gpt-3"]
    with pytest.raises(SystemExit) as done:
        main(["systems", "run", "--all"])
    assert not done.value.code
    assert "not run without interlock[lab]: 1 exhibit, smoothquant" in " ".join(capsys.readouterr().out.split())


def test_exhibits_say_that_they_need_the_lab():
    assert {"awq", "quarot", "quip"} <= {found.id for found in exhibits() if found.needs == "lab"}


def test_the_stress_test_leaves_the_model_as_it_is_and_the_original_diverges_from_itself_by_nothing():
    pytest.importorskip("torch")
    from interlock.exhibits.lab_model import judged, lab_model, original

    assert original().divergence == 0
    stressed = judged(lab_model(outliers=128))
    assert stressed.divergence < 1e-6
    assert stressed.perplexity == pytest.approx(original().perplexity, rel=1e-6)


def test_the_bound_of_a_decomposed_product_is_broken_by_one_bit_less():
    torch = pytest.importorskip("torch")
    from interlock.exhibits.lab_model import after, lab_model
    from interlock.surgery.decoder import linears

    name = "model.layers.0.self_attn.q_proj"
    layer, weight = linears(after("llm-int8").model)[name], linears(lab_model())[name].weight.detach()
    x = torch.randn(64, weight.shape[1], generator=torch.Generator().manual_seed(0))
    assert llm_int8.share_of_bound(layer, weight, x) < 1
    coarse = technique("round-to-nearest:bits=4,group_size=0").apply(lab_model()).model
    layer._dense = linears(coarse)[name].weight
    assert llm_int8.share_of_bound(layer, weight, x) > 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6), st.sampled_from([2, 4, 9, 16]))
def test_flips_bring_sums_of_errors_to_half_a_step(seed, kernels, size):
    weight = np.random.default_rng(seed).uniform(-6.4, 6.4, (5, kernels, size))
    first = settled_kernels(weight, -8, 7)
    last = settled_channels(weight, first, -8, 7)
    assert np.abs((first - weight).sum(-1)).max() <= 0.5 + 1e-9
    assert np.abs((last - weight).sum((-1, -2))).max() <= 0.5 + 1e-9
    assert np.abs(last - weight).max() <= 1 + 1e-9
    assert np.abs((last - weight).sum(-1)).max() <= 1 + 1e-9
    assert np.array_equal(last, np.round(last))


def test_rtn_is_short_for_round_to_nearest():
    assert technique("RTN:bits=3") == technique("round-to-nearest:bits=3")
