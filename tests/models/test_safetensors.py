"""Safetensors headers: the same counts as the format's own library, and no file that ends in a traceback."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from interlock import models
from interlock.errors import InputError
from interlock.models import StoredWeights, count_parameters, stored
from interlock.models.safetensors import INDEX


def written(file: Path, header: Any, data: int = 0, length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    file.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + bytes(data))
    return file


def one(**changes: Any) -> dict[str, Any]:
    return {"weight": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12], **changes}}


def test_one_file_as_the_library_writes_it(tmp_path):
    tensors = {
        "a": torch.zeros(3, 5, dtype=torch.bfloat16),
        "b": torch.zeros(7, dtype=torch.float32),
        "c": torch.zeros(4, 4, dtype=torch.float8_e4m3fn),
        "d": torch.zeros((), dtype=torch.int64),
        "e": torch.zeros(0, 9, dtype=torch.float16),
    }
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    expected = {"BF16": 15, "F16": 0, "F32": 7, "F8_E4M3": 16, "I64": 1}
    assert stored(tmp_path) == StoredWeights(parameters=39, bytes=30 + 28 + 16 + 8, dtypes=expected)


def test_a_folder_matches_the_description_of_its_config(tmp_path):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=97,
        hidden_size=48,
        intermediate_size=80,
        num_hidden_layers=3,
        num_attention_heads=4,
        dtype="bfloat16",
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(tmp_path, max_shard_size="50KB")
    assert (tmp_path / INDEX).is_file()
    found = stored(tmp_path)
    model = models.model(str(tmp_path))
    assert found.parameters == count_parameters(model).total
    assert found.bytes == 2 * found.parameters
    assert list(found.dtypes) == ["BF16"]
    assert model.stored_format == "bf16"


@pytest.mark.parametrize(
    ("header", "data", "length", "named"),
    [
        (b"{}", 0, 10**6, "header of 1000000 bytes"),
        (b"{}", 0, 2**63, "header of"),
        (b"{oops", 0, None, "not JSON"),
        (b"\xff\xfe", 0, None, "not JSON"),
        (b"[" * 100_000, 0, None, "not JSON"),
        (b"[1]", 0, None, "JSON list"),
        ({"weight": 5}, 0, None, "weight"),
        (one(data_offsets=[-4, 8]), 12, None, "weight.data_offsets"),
        (one(data_offsets=[12, 0]), 12, None, "weight.data_offsets"),
        (one(data_offsets=[0, 12]), 11, None, "weight.data_offsets"),
        (one(data_offsets=[0, 10]), 12, None, "weight.data_offsets"),
        (one(data_offsets=[0]), 12, None, "weight.data_offsets"),
        (one(data_offsets=None), 12, None, "weight.data_offsets"),
        (one(shape=[2, -3]), 12, None, "weight.shape"),
        (one(shape=[2, 3.0]), 12, None, "weight.shape"),
        (one(shape="2x3"), 12, None, "weight.shape"),
        (one(shape=[10**30, 10**30]), 12, None, "weight.data_offsets"),
        (one(dtype="F17"), 12, None, "weight.dtype"),
        (one(dtype=["F16"]), 12, None, "weight.dtype"),
    ],
)
def test_malformed_headers(tmp_path, header, data, length, named):
    file = written(tmp_path / "model.safetensors", header, data, length)
    with pytest.raises(InputError) as caught:
        stored(tmp_path)
    assert str(file) in str(caught.value)
    assert named in str(caught.value)


def test_files_too_short_for_a_header(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"abc")
    with pytest.raises(InputError, match="3 bytes"):
        stored(tmp_path)


@pytest.mark.parametrize("folder", ["", "missing"])
def test_folders_without_weights(tmp_path, folder):
    with pytest.raises(InputError, match="safetensors"):
        stored(tmp_path / folder)


@pytest.mark.parametrize(
    ("index", "named"),
    [
        ({}, "weight_map"),
        ({"weight_map": []}, "weight_map"),
        ({"weight_map": {"weight": 3}}, "weight_map.weight"),
        ({"weight_map": {"weight": "../elsewhere.safetensors"}}, "weight_map.weight"),
        ({"weight_map": {"weight": "absent.safetensors"}}, "absent.safetensors"),
        ({"weight_map": {"bias": "model.safetensors"}}, "bias"),
    ],
)
def test_malformed_indexes(tmp_path, index, named):
    written(tmp_path / "model.safetensors", one(), 12)
    (tmp_path / INDEX).write_text(json.dumps(index))
    with pytest.raises(InputError) as caught:
        stored(tmp_path)
    assert named in str(caught.value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80))
def test_no_bytes_end_in_a_traceback(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with contextlib.suppress(InputError):
        stored(tmp_path)
