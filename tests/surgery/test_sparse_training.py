"""Layers trained under N:M masks: gradients by their definitions, patterns that close, adapters that join late."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.surgery.sparse_training import PULL, DecayingLinear, DoublePrunedLinear, fading, straight, tightening
from interlock.techniques import technique


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(st.sampled_from([(2, 4), (1, 4), (4, 8)]), st.one_of(st.none(), st.integers(0, 9)))
def test_both_products_read_weights_in_the_pattern(pattern, seed):
    kept, of = pattern
    layer = DoublePrunedLinear(drawn(24, 16), drawn(24), pattern, 2, seed, "a layer")
    forward = layer.weight.detach() * layer.fixed
    assert ((forward.view(-1, of) != 0).sum(1) == kept).all()
    backward = (forward * layer.back).T.reshape(-1, of)
    assert int((backward != 0).sum(1).max()) <= kept
    x = drawn(5, 16, seed=1).requires_grad_()
    target = drawn(5, 24, seed=2)
    (layer(x) * target).sum().backward()
    assert torch.allclose(layer(x), x @ forward.T + layer.bias, atol=1e-5)
    assert torch.allclose(x.grad, target @ (forward * layer.back), atol=1e-4)
    assert torch.allclose(layer.weight.grad, (target.T @ x.detach()) * layer.fixed, atol=1e-4)


def test_adapters_begin_as_nothing_and_then_learn():
    layer = DoublePrunedLinear(drawn(8, 16), None, (2, 4), 3, None, "a layer")
    x = drawn(4, 16, seed=1)
    before = layer(x)
    layer.adapted = True
    assert torch.equal(layer(x), before)
    layer(x).sum().backward()
    assert float(layer.left.grad.abs().max()) > 0


def test_pruned_weights_fade_with_their_gradient():
    layer = DecayingLinear(drawn(8, 16), None, (1, 4), "a layer")
    x, mask = drawn(4, 16, seed=1), layer.mask()
    for progress, left in ((0.0, 1.0), (0.75, 0.25), (1.0, 0.0)):
        fading(layer, progress)
        layer.weight.grad = None
        layer(x).sum().backward()
        plain = x.sum(0).expand(8, 16)
        assert torch.allclose(layer.weight.grad, torch.where(mask, plain, left * plain), atol=1e-5)
    assert torch.allclose(layer(x), x @ layer.finished().T, atol=1e-5)


def test_the_pattern_tightens_by_halves_and_sr_ste_pulls_what_is_pruned():
    layer = DecayingLinear(drawn(8, 16), None, (1, 8), "a layer")
    seen = []
    for step in range(8):
        tightening(layer, step / 7)
        if not seen or seen[-1] != layer.now:
            seen.append(layer.now)
    assert seen == [(7, 8), (4, 8), (2, 8), (1, 8)]
    straight(layer, 0.0)
    x, mask = drawn(4, 16, seed=1), layer.mask()
    layer(x).sum().backward()
    expected = x.sum(0).expand(8, 16) + PULL * layer.weight.detach() * ~mask
    assert torch.allclose(layer.weight.grad, expected, atol=1e-5)


def test_without_adapters_what_is_stored_is_what_was_trained(build, calibration, logits, unseen):
    model = build()
    plain = copy.deepcopy(model)
    result = technique("slope:rank=0,steps=1,learning_rate=0").apply(model, calibration)
    known = technique("magnitude:pattern=2:4").apply(plain, calibration)
    assert torch.equal(logits(result.model, unseen), logits(known.model, unseen))


@pytest.mark.parametrize(
    ("spec", "said"),
    [("slope:pattern=50%", "N:M, such as 2:4"), ("slope:mask=some", "magnitude or random"),
     ("slope:late=2", "0 to 1"), ("progressive-gradient-flow:decay=slow", "mask, structure or none"),
     ("progressive-gradient-flow:until=2", "0 to 1"), ("deep-compression:bits=5", "2, 3, 4 or 8"),
     ("tile-vector-wise:share=1", "below 1"), ("flash-llm:tile=300", "1 to 256"), ("qat:before=9-4", "as in 8-4")],
)  # fmt: skip
def test_wrong_parameters_are_refused(build, calibration, spec, said):
    with pytest.raises(InputError, match=said):
        technique(spec).apply(build(), calibration)
