"""Techniques one after the other: bytes as predicted, and what would undo itself is refused."""

from pathlib import Path
from typing import Any

import pytest
import torch

from interlock.effects import ActivationFormat, KVFormat, WeightFormat, with_effects
from interlock.errors import InputError, UnsupportedError
from interlock.inference.memory import weight_bytes
from interlock.lab.models.folder import ModelFolder
from interlock.lab.quality.asked import asked_technique, asked_techniques, technique_label, technique_name
from interlock.lab.quality.composed import Composed
from interlock.lab.quality.study import Settings, Study
from interlock.models import Formats, scheme
from interlock.models.catalogue import from_config
from interlock.surgery.calibration import Calibration

FITTING = {
    "smoothquant+gptq:group_size=64": "int4-g64/int8/bf16",
    "awq:group_size=64+kivi:bits=4": "int4-g64-asym/bf16/int4-g32-min",
    "quarot:kv_bits=16+kivi:bits=4": "int4/int4/int4-g32-min",
    "sparsegpt:format=int4-g64+kv-fp8": "int4-g64+2:4/bf16/fp8-e4m3",
    "llm-pruner:channels=0.5+rtn:group_size=32": "int4-g32/bf16/bf16",
    "knowledge-distillation:steps=1+rtn:group_size=64": "int4-g64/bf16/bf16",
}


@pytest.fixture(scope="module")
def tokens() -> torch.Tensor:
    return torch.randint(2048, (8, 64), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("asked", FITTING)
def test_bytes_and_formats_are_those_of_the_effects(asked: str, shipped: ModelFolder, tokens: torch.Tensor):
    model: Any = shipped.load()
    before = from_config(model.config.to_dict(), "x")
    done = asked_technique(asked).apply(model, Calibration(tokens=tokens))
    described, formats = with_effects(before, scheme(), done.effects)
    beside = {"channel scales", "order"}  # which formats do not count
    stored = sum(size for name, size in done.stored.items() if name not in beside)
    assert formats.name == FITTING[asked]
    head = model.lm_head.weight.data_ptr() != model.model.embed_tokens.weight.data_ptr()
    untied = 2 * model.lm_head.weight.numel() if head else 0  # a rotation unties the head
    assert stored - untied == float(weight_bytes(described, Formats.of(formats)))


def test_a_part_sees_what_the_part_before_left(shipped: ModelFolder, tokens: torch.Tensor):
    both: Any = shipped.load()
    asked_technique("magnitude:pattern=50%+kv-fp8").apply(both)
    one: Any = shipped.load()
    asked_technique("kv-fp8").apply(asked_technique("magnitude:pattern=50%").apply(one).model)
    with torch.no_grad():
        assert both(tokens).logits.equal(one(tokens).logits)


@pytest.mark.parametrize(
    "asked", ["sparsegpt+gptq", "svd+rtn", "rtn+svd", "wanda+awq", "rtn:format=int4-g64+2:4+gptq", "lq+rtn"]
)
def test_a_part_that_would_undo_another_is_refused(asked: str):
    with pytest.raises(InputError, match="makes anew"):
        asked_technique(asked)


@pytest.mark.parametrize("asked", ["rtn:group_size=64+llm-pruner", "rtn:group_size=64+quarot"])
def test_a_part_that_needs_the_original_says_so(asked: str, shipped: ModelFolder, tokens: torch.Tensor):
    with pytest.raises(UnsupportedError, match="changed before"):
        asked_technique(asked).apply(shipped.load(), Calibration(tokens=tokens))


def test_the_last_format_of_a_kind_stands():
    found = asked_technique("smoothquant+gptq:bits=3,group_size=64+kivi:bits=4+kv-fp8")
    assert found.effects() == (ActivationFormat("int8"), WeightFormat("int3-g64"), KVFormat("fp8-e4m3"))


def test_parts_have_names_labels_and_numbered_parameters():
    found = asked_technique("rtn:bits=3+kv-fp8")
    assert isinstance(found, Composed)
    assert technique_name(found) == "round-to-nearest+kv-fp8"
    assert technique_label(found) == "round-to-nearest bits=3 group_size=128 + kv-fp8"
    assert found.parameters()["1.bits"] == 3


def test_a_format_with_a_plus_is_one_technique():
    assert not isinstance(asked_technique("rtn:format=bf16+2:4"), Composed)


def test_flags_do_not_say_which_part_they_mean():
    with pytest.raises(InputError, match="behind the colon of each part"):
        asked_technique("gptq+kv-fp8", 4)


def test_lists_take_compositions_and_patterns():
    found = asked_techniques("rtn+kv-fp8,sparsegpt:format=int4-g64,pattern=2:4,kivi", [4], [64])
    assert [technique_label(each) for each in found] == [
        "round-to-nearest bits=4 group_size=128 + kv-fp8",
        "sparsegpt format=int4-g64",
        "kivi bits=4 group_size=64",
    ]


def test_a_composed_loss_is_measured_of_the_composition(shipped: ModelFolder, tmp_path: Path):
    study = Study(shipped, Settings(tokens=512, calibration_tokens=256, questions=0, context=64))
    weights, both = (study.measure(asked_technique(text)) for text in ("rtn:bits=2,group_size=64",
                     "rtn:bits=2,group_size=64+kivi:bits=2,residual=0"))  # fmt: skip
    assert both.subject.technique == "round-to-nearest+kivi"
    assert both.subject.key != weights.subject.key
    assert both.figures["divergence"][0] > weights.figures["divergence"][0]
