"""Every technique: its effects are what the predictor reads, and none makes a model heavier."""

from dataclasses import fields

import pytest

from interlock import api
from interlock.effects import with_effects
from interlock.errors import InputError
from interlock.inference.memory import cache_bytes, weight_bytes
from interlock.models import Formats, model, scheme
from interlock.techniques import names, technique


@pytest.mark.parametrize("name", names())
def test_effects_change_bytes_and_never_add_any(name: str):
    before, plain = model("llama-3.1-8b"), scheme()
    after, changed = with_effects(before, plain, technique(name).effects())
    was, now = Formats.of(plain), Formats.of(changed)
    weights = weight_bytes(after, now) / weight_bytes(before, was)
    caches = cache_bytes(after, now, None, 32768.0) / cache_bytes(before, was, None, 32768.0)
    assert weights <= 1
    assert caches <= 1
    assert weights < 1 or caches < 1
    assert technique(name).title
    assert technique(name).paper


@pytest.mark.parametrize(
    ("name", "bits"),
    [("gptq", 4.125), ("awq", 4.15625), ("nf4", 4.126953125), ("fp8", 8), ("smoothquant", 8), ("sparsegpt", 9),
     ("gptq:bits=3,group_size=64", 3.25), ("round-to-nearest:group_size=0", 4)],
)  # fmt: skip
def test_weights_take_the_bits_the_paper_stores(name: str, bits: float):
    _, changed = with_effects(model("llama-3.1-8b"), scheme(), technique(name).effects())
    assert changed.weight.bits == pytest.approx(bits)


def test_an_estimate_uses_the_effects():
    plain = api.estimate("llama-3.1-8b", "h100-sxm", batch=1)
    quantized = api.estimate("llama-3.1-8b", "h100-sxm", batch=1, technique="awq")
    assert quantized.weights_bytes < 0.45 * plain.weights_bytes
    assert quantized.tpot_s < plain.tpot_s


def test_a_parameter_it_does_not_have_is_refused():
    known = [item.name for item in fields(technique("gptq"))]
    assert known == ["bits", "group_size", "symmetric", "act_order", "static_groups", "damping"]
    with pytest.raises(InputError, match="parameters among bits, group_size"):
        technique("gptq:width=3")
