"""What checkpoints say about their quantization, read as format names that `interlock.numerics` knows."""

from __future__ import annotations

import pytest

from interlock import models
from interlock.errors import InputError
from interlock.numerics import number_format

LLAMA = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
    "num_attention_heads": 4, "vocab_size": 100,
}  # fmt: skip


def compressed(**weights: object) -> dict[str, object]:
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": weights}}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True}, "int4-g128"),
        ({"quant_method": "gptq", "bits": 3, "group_size": 64, "sym": False, "desc_act": True}, "int3-g64-asym"),
        ({"quant_method": "gptq", "bits": 8, "group_size": -1}, "int8"),
        (
            {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True, "version": "gemm"},
            "int4-g128-asym",
        ),
        ({"quant_method": "awq", "w_bit": 4, "q_group_size": 64, "zero_point": False}, "int4-g64"),
        ({"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}, "fp8-e4m3"),
        ({"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0}, "fp8-e4m3"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True, "load_in_4bit": False}, "int8"),
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}, "nf4-dq"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "nf4"),
        (compressed(num_bits=4, type="int", strategy="group", group_size=128, symmetric=True), "int4-g128"),
        (compressed(num_bits=4, type="int", strategy="group", group_size=32, symmetric=False), "int4-g32-asym"),
        (compressed(num_bits=8, type="int", strategy="channel", group_size=None, symmetric=True), "int8"),
        (compressed(num_bits=8, type="float", strategy="channel"), "fp8-e4m3"),
        (compressed(num_bits=4, type="float", strategy="tensor_group", group_size=16), "nvfp4"),
    ],
)
def test_methods(config, expected):
    model = models.from_config({**LLAMA, "quantization_config": config}, "x")
    assert model.stored_format == expected
    assert number_format(model.stored_format).bits <= 9


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({}, "quant_method"),
        ({"quant_method": "magic"}, "quant_method"),
        ({"quant_method": "gptq", "bits": 5}, "bits"),
        ({"quant_method": "gptq", "bits": 4, "group_size": 0}, "group_size"),
        ({"quant_method": "gptq", "bits": 4, "sym": "yes"}, "sym"),
        ({"quant_method": "fp8", "fmt": "e3m4"}, "fmt"),
        ({"quant_method": "compressed-tensors", "config_groups": {}}, "config_groups"),
        (compressed(num_bits=6, type="float"), "config_groups.group_0.weights.num_bits"),
        ({"quant_method": "modelopt", "quant_algo": "FP3"}, "quant_algo"),
    ],
)
def test_refusals(config, named):
    with pytest.raises(InputError) as caught:
        models.from_config({**LLAMA, "quantization_config": config}, "x", "here/config.json")
    assert f"here/config.json: quantization_config.{named}" in str(caught.value)


def test_vision_language_models_carry_it_at_the_top():
    data = {"model_type": "llava", "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}}
    assert models.from_config(data, "x").stored_format == "int4-g128-asym"
