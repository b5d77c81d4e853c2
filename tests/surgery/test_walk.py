"""Walking a decoder: groups, what each layer is shown, and that one pass equals many."""

import pytest
import torch

from interlock.errors import UnsupportedError
from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import blocks, linears
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.linear import QuantizedLinear
from interlock.surgery.stores import IntegerStore
from interlock.surgery.walk import observe, rebuild

GRID = IntegerGrid(bits=3)
KINDS = ["llama", "qwen2", "mistral", "gpt_neox", "opt"]


def coarse(group, statistics):
    return {name: QuantizedLinear(IntegerStore.nearest(layer.weight.detach(), GRID), layer.bias)
            for name, layer in group.linears.items()}  # fmt: skip


def inputs_seen(model, tokens):
    """What really goes into every linear layer, from hooks of PyTorch."""
    seen, hooks = {}, []
    for name, layer in linears(model).items():
        hooks.append(layer.register_forward_pre_hook(lambda _, args, name=name: seen.update({name: args[0]})))
    with torch.no_grad():
        model(tokens)
    for hook in hooks:
        hook.remove()
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_every_linear_layer_of_the_blocks_is_found_and_none_besides(build, kind):
    model = build(kind)
    inside = linears(model)
    outside = {name for name, item in model.named_modules() if isinstance(item, torch.nn.Linear)} - set(inside)
    assert len(blocks(model)) == 2
    assert len(inside) == {"gpt_neox": 8, "opt": 12}.get(kind, 14)
    assert outside <= {"lm_head", "embed_out"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", [32, 10**6])
def test_observing_shows_the_inputs_of_the_unchanged_model(build, calibration, kind, chunk):
    model = build(kind)
    expected = inputs_seen(model, calibration.tokens)
    found = {}

    def visit(known):
        for group, statistics in known:
            found.update(dict.fromkeys(group.linears, statistics))

    observe(model, calibration, visit, chunk_tokens=chunk)
    assert set(found) == set(expected)
    for name, x in expected.items():
        flat = x.reshape(-1, x.shape[-1])
        assert torch.allclose(found[name].hessian, 2 * flat.T @ flat / len(flat), rtol=1e-3, atol=1e-4)


def test_layers_that_read_the_same_tensor_are_one_group(build, calibration):
    found = []
    observe(build(), calibration, lambda known: found.append([len(group.linears) for group, _ in known]))
    assert found == [[3, 1, 2, 1]] * 2


@pytest.mark.parametrize("chunk", [64, 10**6])
def test_rebuilding_shows_each_layer_what_the_changed_model_feeds_it(build, calibration, chunk):
    model, shown = build(), {}

    def change(group, statistics):
        shown.update(dict.fromkeys(group.linears, statistics.hessian))
        return coarse(group, statistics)

    rebuild(model, calibration, change, chunk_tokens=chunk)
    assert all(isinstance(layer, QuantizedLinear) for layer in linears(model).values())
    for name, x in inputs_seen(model, calibration.tokens).items():
        flat = x.reshape(-1, x.shape[-1])
        assert torch.allclose(shown[name], 2 * flat.T @ flat / len(flat), rtol=1e-3, atol=1e-3), name


def test_one_pass_and_many_make_the_same_model(build, calibration, unseen, logits):
    one, many = build(), build()
    rebuild(one, calibration, coarse)
    rebuild(many, calibration, coarse, chunk_tokens=32)
    assert torch.equal(logits(one, unseen), logits(many, unseen))


def test_a_fault_while_changing_leaves_a_model_that_runs(build, calibration, unseen, logits):
    model = build()
    before = logits(model, unseen)

    def change(group, statistics):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rebuild(model, calibration, change)
    assert torch.equal(logits(model, unseen), before)


def test_a_network_without_blocks_is_refused():
    with pytest.raises(UnsupportedError, match="no list of blocks"):
        blocks(torch.nn.Sequential(torch.nn.Linear(2, 2)))


def test_sequences_of_one_chunk_see_no_others(build):
    """Chunks of one sequence give the same logits as all at once, so nothing leaks along the batch."""
    from interlock.surgery.walk import _prepare

    tokens = Calibration(tokens=torch.arange(64).view(2, 32))
    _, _, calls = _prepare(build(), tokens, 32)
    _, _, whole = _prepare(build(), tokens, 64)
    assert [len(call.hidden) for call in calls] == [1, 1]
    assert torch.equal(torch.cat([call.hidden for call in calls]), whole[0].hidden)
