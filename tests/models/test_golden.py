"""Numbers that the literature states, from shipped configs."""

from __future__ import annotations

import pytest

from interlock import models
from interlock.models import Formats, Model, Step, count_parameters, decode, lower, prefill, scheme
from interlock.operators import Kind
from interlock.operators.operator import total

GIB = 2**30


def kv_bytes(model: Model, element: float = 2.0) -> float:
    """Bytes that one more token adds to the cache, before any window is full."""
    return element * sum(cache.token_elements * layer.count for layer in model.main.layers for cache in layer.caches())


def test_weights_of_llama_2_at_16_bits():
    assert 2 * count_parameters(models.model("llama-2-7b")).total == 13_476_831_232
    assert 2 * count_parameters(models.model("llama-2-70b")).total == 137_953_296_384


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llama-2-7b", 524_288),
        ("llama-2-70b", 327_680),
        ("llama-3.1-8b", 131_072),
        ("falcon-7b", 8_192),  # one KV head
        ("falcon-40b", 122_880),  # eight
        ("falcon-180b", 163_840),
        ("deepseek-v3", 70_272),  # 576 elements a layer
        ("gpt2", 36_864),
        ("gpt3-175b", 4_718_592),
        ("mamba-2.8b", 0),
    ],
)
def test_cache_of_a_token_at_16_bits(name, expected):
    assert kv_bytes(models.model(name)) == expected


def test_jamba_needs_an_eighth_of_mixtrals_cache():
    """Lieber et al. 2024, table 1: 4 GB against 32 GB at 256K tokens."""
    assert 262_144 * kv_bytes(models.model("jamba-v0.1")) == 4 * GIB
    assert 262_144 * kv_bytes(models.model("mixtral-8x7b")) == 32 * GIB


def test_mixtral_activates_13_of_47_billion():
    found = count_parameters(models.model("mixtral-8x7b"))
    assert (found.total, found.active) == (46_702_792_704, 12_879_925_248)


@pytest.mark.parametrize(("name", "tokens"), [("llava-1.5-7b", 576), ("llava-next", 2880), ("gemma-3-4b", 256)])
def test_tokens_of_an_image(name, tokens):
    vision = models.model(name).vision
    assert vision is not None
    assert vision.patches is not None
    assert vision.patches.tokens == tokens


def test_vit_cuts_an_image_into_196_patches():
    vision = models.model("vit-base-patch16").vision
    assert vision is not None
    assert vision.patches is not None
    assert (vision.patches.tokens, vision.patches.count) == (196, 197)


def test_windows_of_shipped_models():
    def windows(name: str) -> dict[int | None, int]:
        return {layer.mixer.window: layer.count for layer in models.model(name).main.layers}

    assert windows("mistral-7b-v0.1") == {4096: 32}
    assert windows("mistral-7b") == {None: 32}
    assert windows("gemma-2-9b") == {4096: 21, None: 21}
    assert windows("gemma-3-1b") == {512: 22, None: 4}
    assert windows("gemma-3-27b") == {1024: 52, None: 10}
    assert windows("qwen-2.5-7b") == {None: 28}


def test_layers_of_mixed_models():
    def kinds(name: str) -> list[tuple[str, str, int]]:
        layers = models.model(name).main.layers
        return [(type(one.mixer).__name__, type(one.feed_forward).__name__, one.count) for one in layers]

    assert kinds("deepseek-v3") == [("LatentAttention", "FeedForward", 3), ("LatentAttention", "MixtureOfExperts", 58)]
    assert kinds("jamba-v0.1") == [
        ("Mamba", "FeedForward", 12),
        ("Mamba", "MixtureOfExperts", 16),
        ("Attention", "FeedForward", 4),
    ]


@pytest.mark.parametrize("name", ["llama-2-7b", "llama-3.1-70b", "mistral-7b", "qwen3-8b", "gemma-2-9b", "palm-540b"])
def test_a_decode_step_reads_every_matrix_and_the_whole_cache_once(name):
    model = models.model(name)
    operators = lower(model, decode(1, 999), Formats.of(scheme("fp16", "fp16")))
    matrices = [operator for operator in operators if operator.kind is Kind.MATMUL]
    groups = count_parameters(model).by_class
    head = groups.get("head", groups["embedding"])  # a tied head is the embedding
    assert total(matrices, "weight_bytes") == 2 * (groups["linear"] + head)
    attends = [operator for operator in operators if operator.kind is Kind.ATTENTION]
    assert total(attends, "kv_bytes") == 1000 * kv_bytes(model)


def test_experts_that_no_token_picks_are_not_read():
    model = models.model("mixtral-8x7b")
    formats = Formats.of(scheme())

    def read(tokens: int) -> float:
        found = [one for one in lower(model, decode(tokens, 10), formats) if one.name.startswith("expert_")]
        return float(total(found, "weight_bytes"))

    experts = 2 * count_parameters(model).by_class["expert"]
    assert read(1) == pytest.approx(experts * 2 / 8)
    assert read(10_000) == pytest.approx(experts)


def test_encoders_have_no_decode_phase():
    assert not models.model("bert-base").generates
    assert models.model("t5-small").generates
    names = {operator.name for operator in lower(models.model("bert-base"), prefill(1, 8), Formats.of(scheme()))}
    assert "pooled" in names
    assert "sample" not in names


def test_prefill_grows_with_the_tokens_of_an_image():
    model = models.model("llava-1.5-7b")
    formats = Formats.of(scheme())

    def work(images: int) -> float:
        step = Step(prefill_sequences=1, prefill_tokens=64 + 576 * images, images=images)
        return float(total(lower(model, step, formats), "flop"))

    assert work(0) < work(1) < work(2)
    tower = 2 * 303_507_456 * 577  # two FLOP a weight and token, attention aside
    decoder = 2 * 6_476_005_376 * 576
    assert work(1) - work(0) == pytest.approx(tower + decoder, rel=0.03)


def test_latent_attention_is_absorbed_when_decoding():
    names = [
        operator.name for operator in lower(models.model("deepseek-v2-lite"), decode(4, 100), Formats.of(scheme()))
    ]
    assert "1.absorb_query" in names
    assert not any("expand" in name for name in names)


def test_switch_has_experts_in_every_second_layer_from_the_second_on():
    """The first layer, which holds the relative positions, is dense."""
    for stack in models.model("switch-base-8").stacks:
        kinds = [(bool(one.mixer.position_buckets), type(one.feed_forward).__name__, one.count) for one in stack.layers]
        assert kinds == [(True, "FeedForward", 1), (False, "MixtureOfExperts", 6), (False, "FeedForward", 5)]


def test_cross_attention_keeps_the_encoders_tokens():
    decoder = models.model("t5-small").decoder
    assert decoder is not None
    assert [[cache.encoder for cache in layer.caches()] for layer in decoder.layers] == [[False, True]] * 2
