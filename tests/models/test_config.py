"""Bad configs end in one line that names file and field; none in a traceback."""

from __future__ import annotations

import copy
import json
import math

import pytest

from interlock import models
from interlock.catalogue import DATA
from interlock.errors import InputError, UnknownNameError
from interlock.models import Formats, Step, count_parameters, lower, scheme

LLAMA = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100,
}  # fmt: skip


def refused(tmp_path, text: str) -> str:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        models.model(str(file))
    message = str(caught.value)
    assert "\n" not in message
    assert str(file) in message
    return message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_hidden_layers", -3),
        ("num_hidden_layers", 0),
        ("num_hidden_layers", 10**12),
        ("num_hidden_layers", True),
        ("num_hidden_layers", "32"),
        ("hidden_size", math.nan),
        ("hidden_size", math.inf),
        ("hidden_size", 64.5),
        ("hidden_size", [64]),
        ("vocab_size", {"size": 100}),
        ("num_attention_heads", 7),  # does not divide the width
        ("num_key_value_heads", 3),  # does not divide the heads
        ("attention_bias", "no"),
        ("tie_word_embeddings", 1),
        ("quantization_config", "gptq"),
        ("quantization_config", {"quant_method": "magic"}),
    ],
)
def test_a_bad_field_is_named(tmp_path, field, value):
    assert field in refused(tmp_path, json.dumps({**LLAMA, field: value}))


@pytest.mark.parametrize(
    "field", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "model_type"]
)
def test_a_missing_field_is_named(tmp_path, field):
    message = refused(tmp_path, json.dumps({key: value for key, value in LLAMA.items() if key != field}))
    assert f"{field}: found nothing" in message


def test_truncated_json(tmp_path):
    assert "line 1" in refused(tmp_path, json.dumps(LLAMA)[:40])


def test_a_list_instead_of_an_object(tmp_path):
    assert "a JSON list" in refused(tmp_path, "[1, 2]")


def test_an_empty_file(tmp_path):
    assert "complete JSON" in refused(tmp_path, "")


def test_an_unknown_architecture_with_a_suggestion(tmp_path):
    assert "did you mean llama" in refused(tmp_path, json.dumps({**LLAMA, "model_type": "llamma"}))


@pytest.mark.parametrize("kind", ["../llama", "llama.py", "__init__", 3, ["llama"]])
def test_a_model_type_is_a_known_name_and_nothing_else(tmp_path, kind):
    assert "model_type" in refused(tmp_path, json.dumps({**LLAMA, "model_type": kind}))


def test_an_unknown_name_with_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"llama-3\.1-8b"):
        models.model("lama-3.1-8b")


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        ("mixtral", {"num_local_experts": 2, "num_experts_per_tok": 3}, "num_experts_per_tok"),
        ("qwen2", {"layer_types": ["full_attention"]}, "layer_types"),
        ("qwen3", {"layer_types": ["full_attention", "mystery"]}, "layer_types"),
        ("gemma2", {"sliding_window": None}, "sliding_window"),
        ("gemma3_text", {"layer_types": "full"}, "layer_types"),
        ("falcon", {"new_decoder_architecture": True, "num_kv_heads": 3}, "num_kv_heads"),
        ("deepseek_v3", {"n_routed_experts": 4, "num_key_value_heads": 4}, "num_experts_per_tok"),
        ("deepseek_v2", {"num_key_value_heads": 4}, "num_experts_per_tok"),
        ("deepseek_v3", {}, "num_key_value_heads"),
        ("mamba2", {"num_heads": 3}, "num_heads"),
        ("mamba2", {"num_heads": 8, "head_dim": 16, "n_groups": 3}, "n_groups"),
        ("mamba", {"expand": 0}, "expand"),
        ("jamba", {"attn_layer_offset": 9}, "attn_layer_offset"),
        ("vit", {"patch_size": 500}, "patch_size"),
        ("qwen", {"intermediate_size": 95}, "intermediate_size"),
        ("clip", {"text_config": [1]}, "text_config"),
        ("clip", {"vision_config": {"hidden_size": -1}}, "vision_config.hidden_size"),
        ("llava", {"text_config": {"model_type": "unheard_of"}}, "text_config.model_type"),
        ("llava", {"vision_feature_select_strategy": "best"}, "vision_feature_select_strategy"),
        ("llava_next", {"image_grid_pinpoints": [[336, "wide"]]}, "image_grid_pinpoints"),
        ("llava_next", {"image_grid_pinpoints": [7]}, "image_grid_pinpoints"),
        ("gemma3", {"mm_tokens_per_image": 9}, "mm_tokens_per_image"),
        ("t5", {"feed_forward_proj": "swish"}, "feed_forward_proj"),
    ],
)
def test_fields_that_do_not_fit_each_other(tmp_path, kind, fields, named):
    base = {"d_model": 64, "d_ff": 96, "d_kv": 16, "num_layers": 2, "num_heads": 4} if kind == "t5" else {}
    assert named in refused(tmp_path, json.dumps({**LLAMA, **base, "model_type": kind, **fields}))


def test_nested_configs_leave_out_defaults():
    """As `transformers` writes them: LLaVA-1.5 7B names little more than its vocabulary."""
    text = {"model_type": "llama", "max_position_embeddings": 4096, "vocab_size": 32064}
    data = {"model_type": "llava", "text_config": text, "torch_dtype": "float16"}
    model = models.from_config(data, "llava")
    assert count_parameters(model).total == 7_063_427_072
    assert model.stored_format == "fp16"


NASTY = [None, -1, 0, 1, True, "x", "", math.nan, -math.inf, 1.5, 10**15, [], [1], [None], {}, {"a": 1}]
SAMPLES = {json.loads(path.read_text())["model_type"]: path for path in sorted((DATA / "models").glob("*.json"))}


@pytest.mark.parametrize("kind", SAMPLES)
def test_no_value_of_any_field_ends_in_a_traceback(kind):
    """Every field of a shipped config in turn takes every nasty value: a model comes out, or an `InputError`."""
    data = json.loads(SAMPLES[kind].read_text())
    data.setdefault("layer_types", None)
    data.setdefault("quantization_config", {"quant_method": "gptq", "bits": 4})
    paths = [(key,) for key in data] + [(a, b) for a, part in data.items() if isinstance(part, dict) for b in part]
    step = Step(prefill_sequences=1, prefill_tokens=4, images=1, encoder_tokens=3)
    for path in paths:
        for value in NASTY:
            changed = copy.deepcopy(data)
            target = changed
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = value
            try:
                model = models.from_config(changed, "x")
            except InputError:
                continue
            assert count_parameters(model).total > 0
            lower(model, step, Formats.of(scheme()))
