"""Adapters: nothing at the start, the frozen weights plus a thin product at the end."""

import copy

import pytest
import torch

from interlock.surgery.adapters import train_adapters
from interlock.surgery.decoder import linears


@pytest.mark.parametrize("kind", ["llama", "gpt_neox"])
def test_what_is_merged_is_the_original_plus_a_product_of_the_rank(build, calibration, logits, unseen, kind):
    model = build(kind)
    before = {name: layer.weight.detach().clone() for name, layer in linears(model).items()}
    other = {name: value.clone() for name, value in model.named_parameters() if name.rpartition(".")[0] not in before}
    losses = train_adapters(model, calibration, 2, steps=5, learning_rate=0.01)
    assert losses[-1] < losses[0]
    for name, layer in linears(model).items():
        singular = torch.linalg.svdvals((layer.weight - before[name]).detach())
        assert float(singular[0]) > 0
        assert float(singular[2]) < 1e-3 * float(singular[0])
    now = dict(model.named_parameters())
    assert all(torch.equal(now[name], value) for name, value in other.items())


def test_an_adapter_that_learned_nothing_changes_nothing(build, calibration, logits, unseen):
    model = build()
    plain = logits(copy.deepcopy(model), unseen)
    train_adapters(model, calibration, 2, steps=1, learning_rate=0.0)
    assert torch.equal(logits(model, unseen), plain)
