"""Rotating, scaling and injecting outliers change activations and leave the logits."""

import copy

import pytest
import torch

from interlock.errors import InputError, UnsupportedError
from interlock.surgery.decoder import blocks
from interlock.surgery.linear import folded_weight
from interlock.surgery.outliers import inject
from interlock.surgery.rotate import rotate
from interlock.surgery.scaling import pairs
from interlock.surgery.smoothing import smooth, smoothing_factor


@pytest.mark.parametrize("kind", ["llama", "qwen2", "mistral", "qwen3"])
@pytest.mark.parametrize("tied", [False, True])
def test_a_rotated_model_has_the_same_logits(build, logits, unseen, kind, tied):
    model = build(kind, tied=tied)
    before = logits(model, unseen)
    done = rotate(model, seed=4)
    assert float((logits(model, unseen) - before).abs().max()) < 1e-3
    assert ("the output head is no longer tied to the embedding" in done.notes) == tied
    assert all(
        torch.equal(norm.weight, torch.ones(64)) for norm in (model.model.norm, model.model.layers[0].input_layernorm)
    )


def test_rotation_works_at_widths_that_are_no_power_of_two(build, logits, unseen):
    model = build(width=72, num_attention_heads=9, num_key_value_heads=3, intermediate_size=12)
    before = logits(model, unseen)
    notes = rotate(model).notes
    assert "heads: Hadamard with a random orthogonal factor of order 9" in notes
    assert "input of down_proj: Hadamard with Paley's matrix of order 12" in notes
    assert float((logits(model, unseen) - before).abs().max()) < 1e-3


def test_steps_fold_back_into_plain_weights(build):
    model = build()
    layer = model.model.layers[0].mlp.down_proj
    before = layer.weight.clone()
    rotate_only_output = copy.deepcopy(model)
    rotate(rotate_only_output, seed=0)
    staged = rotate_only_output.model.layers[0].mlp.down_proj
    residual = rotate_only_output.model.layers[0].mlp.down_proj
    assert staged is residual
    x = torch.randn(5, 128, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(staged(x), x @ folded_weight(staged).T, atol=1e-4)
    assert torch.allclose((x @ before.T).norm(dim=1), staged(x).norm(dim=1), rtol=1e-4)


@pytest.mark.parametrize("kind", ["gpt_neox", "opt", "gemma"])
def test_models_that_a_rotation_does_not_pass_through_are_refused(build, kind):
    with pytest.raises(UnsupportedError):
        rotate(build(kind))


def test_smoothing_and_pairs_refuse_norms_with_an_offset(build, calibration):
    with pytest.raises(UnsupportedError, match="more than multiply by its weight"):
        smooth(build("gemma"), calibration, 0.5)


@pytest.mark.parametrize("kind", ["llama", "qwen2", "mistral", "gpt_neox", "opt"])
@pytest.mark.parametrize("norms_only", [True, False])
def test_powers_of_two_move_from_inputs_to_weights_bit_for_bit(build, logits, unseen, kind, norms_only):
    model = build(kind)
    before = logits(model, unseen)
    chosen = inject(model, share=0.05, factor=64.0, seed=1, norms_only=norms_only)
    assert len(chosen) == 3
    assert torch.equal(logits(model, unseen), before)


def test_injected_features_really_are_outliers(build, calibration):
    from interlock.surgery.walk import observe

    def shares(model):
        found = []
        observe(model, calibration, lambda known: found.append(known[0][1].largest), moments=False)
        return [float(largest.max() / largest.median()) for largest in found]

    model = build()
    plain = shares(model)
    inject(model, share=0.03, factor=64.0)
    assert min(shares(model)) > 5 * max(plain)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_smoothing_keeps_the_logits_and_is_the_papers_factor(build, calibration, logits, unseen, alpha):
    model = build()
    before = logits(model, unseen)
    largest = smooth(model, calibration, alpha)
    assert float((logits(model, unseen) - before).abs().max()) < 1e-3
    assert len(largest) == 14
    x, w = torch.tensor([8.0, 2.0]), torch.tensor([[2.0, -0.5], [-0.5, 0.5]])
    assert torch.allclose(smoothing_factor(x, [w], alpha), x**alpha / torch.tensor([2.0, 0.5]) ** (1 - alpha))


def test_at_one_half_inputs_and_weights_end_with_the_same_range(build, calibration):
    model = build()
    smooth(model, calibration, 0.5)
    from interlock.surgery.walk import observe

    def visit(known):
        group, statistics = known[0]
        columns = torch.cat([layer.weight for layer in group.linears.values()]).abs().amax(0)
        assert torch.allclose(statistics.largest, columns, rtol=1e-3)

    observe(model, calibration, visit, moments=False)


def test_grouped_queries_leave_values_unscaled(build):
    with_groups, without = build(), build(num_key_value_heads=4)
    assert [len(pairs(blocks(model)[0])) for model in (with_groups, without)] == [3, 4]


@pytest.mark.parametrize("arguments", [{"share": 0.0}, {"share": 1.0}, {"factor": 0.5}])
def test_senseless_outliers_are_refused(build, arguments):
    with pytest.raises(InputError, match="outliers"):
        inject(build(), **arguments)


def test_senseless_alpha_is_refused(build, calibration):
    with pytest.raises(InputError, match="alpha"):
        smooth(build(), calibration, 1.5)
