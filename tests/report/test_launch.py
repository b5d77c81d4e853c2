"""Commands that start deployments."""

import shlex

import pytest

from interlock import api
from interlock.hardware import all_chips
from interlock.report import launch_command


def launch(model, chip, **options):
    found = launch_command(api.estimate(model, chip, **options))
    assert found is not None
    return shlex.split(found.command), found.note


def value(words, flag):
    return words[words.index(flag) + 1]


def test_vllm_on_a_server():
    words, _ = launch("llama-3.1-70b", "h100-sxm", tensor_parallel_size=4, batch=32, prompt=1000, output=200)
    assert words[:3] == ["vllm", "serve", "meta-llama/Llama-3.1-70B-Instruct"]
    assert value(words, "--tensor-parallel-size") == "4"
    assert value(words, "--pipeline-parallel-size") == "1"
    assert value(words, "--max-num-seqs") == "32"
    assert value(words, "--max-model-len") == "1280"
    assert value(words, "--dtype") == "bfloat16"
    assert "--quantization" not in words
    assert "--kv-cache-dtype" not in words


def test_lengths_end_at_the_models_positions():
    words, _ = launch("gpt2", "h100-sxm", prompt=1000, output=20)
    assert value(words, "--max-model-len") == "1024"


@pytest.mark.parametrize(
    ("weight", "activation", "flag", "word"),
    [
        ("fp8", "fp8", "fp8", "while loading"),
        ("int4-g128", "bf16", "gptq", "4-bit GPTQ checkpoint with groups of 128"),
        ("int4-g64-asym", "bf16", "awq", "4-bit AWQ checkpoint with groups of 64"),
        ("int8", "int8", "compressed-tensors", "W8A8"),
        ("nf4", "bf16", "bitsandbytes", "while loading"),
        ("nvfp4", "bf16", "modelopt_fp4", "NVFP4"),
    ],
)
def test_quantized_weights(weight, activation, flag, word):
    words, note = launch("llama-3.1-8b", "h100-sxm", weight_format=weight, activation_format=activation)
    assert value(words, "--quantization") == flag
    assert word in note


def test_a_checkpoint_in_the_wanted_format_needs_no_flag():
    words, _ = launch("deepseek-v3", "h200-sxm", tensor_parallel_size=16, weight_format="fp8", activation_format="fp8")
    assert "--quantization" not in words
    assert value(words, "--distributed-executor-backend") == "ray"


def test_an_fp8_cache():
    words, _ = launch("llama-3.1-8b", "h100-sxm", kv_cache_dtype="fp8")
    assert value(words, "--kv-cache-dtype") == "fp8"


def test_replicas_of_a_dense_model_share_a_server():
    words, note = launch("llama-3.1-8b", "h100-sxm", data_parallel_size=3)
    assert value(words, "--data-parallel-size") == "3"
    assert "load balancer" not in note


def test_replicas_that_share_experts():
    words, note = launch("qwen3-30b-a3b", "h100-sxm", expert_parallel_size=4, data_parallel_size=8)
    assert value(words, "--data-parallel-size") == "4"
    assert "--enable-expert-parallel" in words
    assert "start 2 such servers" in note


def test_replicas_that_do_not_share_experts():
    words, note = launch("qwen3-30b-a3b", "h100-sxm", tensor_parallel_size=2, data_parallel_size=2)
    assert "--data-parallel-size" not in words
    assert "--enable-expert-parallel" not in words
    assert "start 2 such servers" in note


def test_a_chip_without_bf16_gets_fp16():
    words, _ = launch("llama-3.1-8b", "v100-32g")
    assert value(words, "--dtype") == "float16"


@pytest.mark.parametrize(
    ("chip", "word"), [("tpu-v5p", "TPU plugin"), ("gaudi3", "Gaudi plugin"), ("xeon-8480-plus", "CPU build")]
)
def test_other_platforms_of_vllm_say_what_they_need(chip, word):
    words, note = launch("llama-3.1-8b", chip)
    assert words[0] == "vllm"
    assert word in note


def test_llama_server_on_a_laptop():
    words, note = launch("llama-3.1-8b", "apple-m4-max", weight_format="q4-0", batch=2, prompt=500, output=200)
    assert words == ["llama-server", "-m", "llama-3.1-8b-Q4_0.gguf", "-c", "1536", "-np", "2", "-ngl", "99"]
    assert "GGUF" in note


@pytest.mark.parametrize(
    ("model", "chip", "options"),
    [
        ("llama-3.1-8b", "groq-lpu", {"tensor_parallel_size": 8, "pipeline_parallel_size": 16}),
        ("llama-3.1-8b", "wse-3", {}),
        ("qwen3-0.6b", "apple-a17-pro", {"weight_format": "int8", "activation_format": "int8"}),
        ("bert-base", "h100-sxm", {"prompt": 128}),
        ("llama-3.1-405b", "h100-sxm", {}),
        ("llama-3.1-8b", "h100-sxm", {"weight_format": "msfp12"}),
        ("llama-3.1-8b", "h100-sxm", {"kv_cache_dtype": "int4-g128"}),
        ("llama-3.1-8b", "apple-m4-max", {"weight_format": "fp8"}),
    ],
)
def test_no_command_rather_than_a_wrong_one(model, chip, options):
    assert launch_command(api.estimate(model, chip, **options)) is None


@pytest.mark.parametrize("chip", [chip.id for chip in all_chips()])
def test_every_chip_has_a_command_or_none(chip):
    found = launch_command(api.estimate("qwen3-0.6b", chip))
    assert found is None or shlex.split(found.command)[0] in {"vllm", "llama-server"}


def test_a_name_is_quoted_for_the_shell(hostile):
    words, _ = launch(hostile, "h100-sxm")
    assert words[2] == "<script>alert(1)</script>"
