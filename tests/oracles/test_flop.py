"""Matmul and attention FLOP equal what `torch`'s counter sees in the eager code of `transformers`.

Dense models run on the meta device, at published size too. Experts are chosen by data, so models with experts run with
random weights on the CPU, where eager attention is counted (the fused kernel there is not).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from interlock import models
from interlock.catalogue import entries
from interlock.files import read_json
from interlock.models import Formats, Model, Step, decode, lower, prefill, scheme
from interlock.operators import Kind

FORMATS = Formats.of(scheme())
SHIPPED = {name: read_json(path) for name, path in entries("model", ".json").items()}
FULL = [
    "gpt2", "gpt3-175b", "opt-350m", "gpt-j-6b", "gpt-neox-20b", "llama-2-70b", "llama-3.1-405b", "mistral-7b-v0.1",
    "qwen-2.5-7b", "qwen3-8b", "gemma-2-9b", "gemma-3-1b", "phi-2", "phi-4", "falcon-7b", "falcon-40b",
]  # fmt: skip

DENSE = {
    "vocab_size": 97, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0,
}  # fmt: skip
GPT = {
    "vocab_size": 97, "n_embd": 48, "n_layer": 3, "n_head": 4, "n_positions": 40, "rotary_dim": 4,
    "bos_token_id": 0, "eos_token_id": 0,
}  # fmt: skip
OPT = {**DENSE, "ffn_dim": 90, "word_embed_proj_dim": 48}
LATENT = {
    **DENSE, "num_key_value_heads": 4, "kv_lora_rank": 16, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8,
    "v_head_dim": 20, "moe_intermediate_size": 24, "n_routed_experts": 8, "n_shared_experts": 2,
    "num_experts_per_tok": 3, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1,
}  # fmt: skip
EXPERTS = {**DENSE, "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
T5 = {"vocab_size": 97, "d_model": 48, "d_kv": 10, "d_ff": 80, "num_layers": 4, "num_decoder_layers": 3, "num_heads": 3}
TOWER = {
    "hidden_size": 32, "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 2,
    "image_size": 28, "patch_size": 7,
}  # fmt: skip
JAMBA = {
    **DENSE, "num_experts": 4, "num_experts_per_tok": 2, "num_hidden_layers": 9, "mamba_d_state": 5, "mamba_d_conv": 3,
}  # fmt: skip

DECODERS: list[tuple[str, dict[str, Any]]] = [
    ("llama", DENSE),
    ("llama", {**DENSE, "head_dim": 20, "attention_bias": True, "tie_word_embeddings": True}),
    ("gpt2", GPT),
    ("gptj", GPT),
    ("gpt_neox", DENSE),
    ("opt", OPT),
    ("opt", {**OPT, "word_embed_proj_dim": 20, "do_layer_norm_before": False}),
    ("mistral", {**DENSE, "sliding_window": 5}),
    ("mistral", {**DENSE, "sliding_window": 13}),
    ("qwen2", DENSE),
    ("qwen2", {**DENSE, "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1}),
    ("qwen3", {**DENSE, "head_dim": 20}),
    ("gemma2", {**DENSE, "head_dim": 20, "sliding_window": 5}),
    ("gemma3_text", {**DENSE, "head_dim": 20, "sliding_window": 4, "num_hidden_layers": 8}),
    ("phi", DENSE),
    ("phi3", {**DENSE, "sliding_window": 7}),
    ("falcon", DENSE),
    ("falcon", {**DENSE, "alibi": True, "parallel_attn": False, "multi_query": False}),
    ("falcon", {**DENSE, "new_decoder_architecture": True, "num_kv_heads": 2}),
]
SPARSE: list[tuple[str, dict[str, Any]]] = [
    ("mixtral", {**DENSE, "num_local_experts": 5}),
    ("mixtral", {**DENSE, "num_local_experts": 3, "num_experts_per_tok": 1, "sliding_window": 6}),
    ("qwen2_moe", {**EXPERTS, "shared_expert_intermediate_size": 40, "mlp_only_layers": [1]}),
    ("qwen3_moe", {**EXPERTS, "head_dim": 20, "decoder_sparse_step": 2}),
    ("gpt_oss", {**DENSE, "head_dim": 20, "num_local_experts": 5, "num_experts_per_tok": 2}),
    ("minimax_m2", {**DENSE, "head_dim": 20, "num_local_experts": 5, "num_experts_per_tok": 2}),
    ("deepseek_v2", {**LATENT, "q_lora_rank": None}),
    ("deepseek_v2", {**LATENT, "q_lora_rank": 24}),
    ("deepseek_v3", {**LATENT, "q_lora_rank": 24}),
]


def seen(module: torch.nn.Module, **inputs: Any) -> tuple[float, dict[str, Any], Any]:
    """FLOP in all and by module, and the output."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output = module(**inputs)
    by_module = {name: sum(counts.values()) for name, counts in counter.get_flop_counts().items()}
    return counter.get_total_flops(), by_module, output


def counted(model: Model, step: Step, *names: str) -> float:
    """Our FLOP of matmuls and attention as a counter reports them; of the named operators only, if any are named."""
    return sum(
        float(operator.counted_flop) * float(operator.count)
        for operator in lower(model, step, FORMATS)
        if operator.kind in (Kind.MATMUL, Kind.ATTENTION) and (not names or operator.name.rpartition(".")[2] in names)
    )


def prompt(sequences: int, tokens: int, context: int = 0, **rest: Any) -> Step:
    return Step(prefill_sequences=sequences, prefill_tokens=tokens, prefill_context=context, logits="all", **rest)


def expanded(model: Model) -> Model:
    """Latent attention as reference code computes it: every cached latent is expanded again in each step."""
    assert model.decoder is not None
    layers = tuple(
        replace(layer, mixer=replace(layer.mixer, absorbed=False)) if hasattr(layer.mixer, "absorbed") else layer
        for layer in model.decoder.layers
    )
    return replace(model, decoder=replace(model.decoder, layers=layers))


def check_decoder(module: torch.nn.Module, model: Model, ids: torch.Tensor) -> None:
    """A prompt, then one token, then a chunk of three: all three equal, with the cache that the steps before left."""
    sequences, tokens = ids.shape
    flop, _, output = seen(module, input_ids=ids, use_cache=True)
    assert counted(model, prompt(sequences, tokens)) == flop
    flop, _, output = seen(module, input_ids=ids[:, :1], past_key_values=output.past_key_values, use_cache=True)
    assert counted(model, decode(sequences, tokens)) == flop
    flop, _, _ = seen(module, input_ids=ids[:, :3], past_key_values=output.past_key_values, use_cache=True)
    assert counted(model, prompt(sequences, 3, tokens + 1)) == flop


@pytest.mark.parametrize(("kind", "fields"), DECODERS, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(DECODERS)])
@pytest.mark.parametrize(("sequences", "tokens"), [(2, 11), (3, 4), (1, 17)])
def test_small_decoders(kind, fields, sequences, tokens, build):
    """The counter sees the full square of causal attention, and in a window's cache the last `window` tokens."""
    module, written = build({"model_type": kind, **fields})
    ids = torch.zeros(sequences, tokens, dtype=torch.long, device="meta")
    check_decoder(module, models.from_config(written, kind), ids)


@pytest.mark.parametrize("name", FULL)
def test_published_sizes(name, build):
    module, _ = build(SHIPPED[name])
    check_decoder(module, models.model(name), torch.zeros(2, 37, dtype=torch.long, device="meta"))


@pytest.mark.parametrize(("kind", "fields"), SPARSE, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(SPARSE)])
def test_models_with_experts(kind, fields, build):
    """Each token passes `top_k` experts, whichever they are; latents are expanded as in the reference code."""
    torch.manual_seed(0)
    module, written = build({"model_type": kind, **fields}, "cpu")
    module.set_experts_implementation("eager")
    check_decoder(module, expanded(models.from_config(written, kind)), torch.randint(0, 97, (2, 9)))


def test_absorbed_decoding_attends_in_the_latent_space():
    """Not what reference code runs: per token 2 H nope r + 2 H r value for the products, attention over latents."""
    model = models.model("deepseek-v3")
    heads, latent, nope, rope, value, layers = 128, 512, 128, 64, 128, 61
    context = 1000
    names = ("absorb_query", "absorb_value")
    assert counted(model, decode(3, context), *names) == 3 * layers * 2 * heads * latent * (nope + value)
    attention = 3 * layers * 2 * (context + 1) * heads * (2 * latent + rope)
    assert counted(model, decode(3, context), "attend_decode") == attention


def test_gpt1(build):
    """Has no cache in `transformers`: the prompt only."""
    module, written = build({"model_type": "openai-gpt", **GPT})
    flop, _, _ = seen(module, input_ids=torch.zeros(2, 11, dtype=torch.long, device="meta"))
    assert counted(models.from_config(written, "gpt1"), prompt(2, 11)) == flop


@pytest.mark.parametrize("name", ["bert-base", "bert-large"])
def test_bert(name, build):
    module, _ = build(SHIPPED[name])
    flop, _, _ = seen(module, input_ids=torch.zeros(3, 19, dtype=torch.long, device="meta"))
    assert counted(models.model(name), prefill(3, 19)) == flop


@pytest.mark.parametrize("name", ["vit-base-patch16", "vit-large-patch16", "clip-vit-large-patch14-336"])
def test_vision_towers(name, build):
    """The patch convolution counts as the matmul that it is."""
    module, written = build(SHIPPED[name])
    side = written["image_size"]
    flop, _, _ = seen(module, pixel_values=torch.zeros(2, 3, side, side, device="meta"))
    assert counted(models.model(name), Step(prefill_sequences=2, images=1)) == flop


def test_siglip(build):
    module, written = build({"model_type": "siglip_vision_model", **TOWER, "vision_use_head": False})
    flop, _, _ = seen(module, pixel_values=torch.zeros(2, 3, 28, 28, device="meta"))
    assert counted(models.from_config(written, "siglip"), Step(prefill_sequences=2, images=1)) == flop


def test_clip(build):
    """Besides both encoders, the library multiplies all texts with all images: 2 x texts x images x width."""
    module, _ = build(SHIPPED["clip-vit-base-patch32"])
    ids = torch.zeros(2, 11, dtype=torch.long, device="meta")
    flop, _, _ = seen(module, input_ids=ids, pixel_values=torch.zeros(2, 3, 224, 224, device="meta"))
    step = Step(prefill_sequences=2, prefill_tokens=11, images=1)
    assert counted(models.model("clip-vit-base-patch32"), step) + 2 * 2 * 2 * 512 == flop


@pytest.mark.parametrize("fields", [{}, {"feed_forward_proj": "gated-gelu"}])
def test_t5(fields, build):
    """Decoding reads the encoder's keys and values from the cache and does not compute them again."""
    module, written = build({"model_type": "t5", **T5, **fields})
    model = models.from_config(written, "t5")
    source = torch.zeros(2, 7, dtype=torch.long, device="meta")
    target = torch.zeros(2, 11, dtype=torch.long, device="meta")
    flop, _, output = seen(module, input_ids=source, decoder_input_ids=target, use_cache=True)
    assert counted(model, prompt(2, 11, encoder_tokens=7)) == flop
    inputs = {"encoder_outputs": (output.encoder_last_hidden_state,), "past_key_values": output.past_key_values}
    flop, _, _ = seen(module, decoder_input_ids=target[:, :1], use_cache=True, **inputs)
    assert counted(model, Step(decode_sequences=2, decode_context=11, encoder_tokens=7)) == flop


def test_switch_transformers(build):
    """With room for every token at every expert, so that none is dropped."""
    torch.manual_seed(0)
    fields = {**T5, "num_experts": 4, "num_sparse_encoder_layers": 2, "num_sparse_decoder_layers": 1}
    module, written = build({"model_type": "switch_transformers", **fields, "expert_capacity": 64}, "cpu")
    source, target = torch.randint(0, 97, (2, 7)), torch.randint(0, 97, (2, 11))
    flop, _, _ = seen(module, input_ids=source, decoder_input_ids=target, use_cache=False)
    assert counted(models.from_config(written, "switch"), prompt(2, 11, encoder_tokens=7)) == flop


def test_mamba(build):
    """Besides projections, the reference code convolves T + K - 1 positions and multiplies states with C."""
    module, written = build({"model_type": "mamba", "vocab_size": 97, "hidden_size": 40, "num_hidden_layers": 3})
    model = models.from_config(written, "mamba")
    inner, state, taps, rows = 80, 16, 4, 2
    ids = torch.zeros(rows, 11, dtype=torch.long, device="meta")
    flop, parts, output = seen(module, input_ids=ids, use_cache=True)
    convolved = 2 * rows * (11 + taps - 1) * inner * taps
    assert counted(model, prompt(rows, 11)) + 3 * (convolved + 2 * rows * 11 * inner * state) == flop
    check_projections(model, prompt(rows, 11), parts)
    _, parts, _ = seen(module, input_ids=ids[:, :1], cache_params=output.cache_params, use_cache=True)
    check_projections(model, decode(rows, 11), parts)


def check_projections(model: Model, step: Step, parts: dict[str, float]) -> None:
    """Projections by module name; the reference code of Mamba's step size does not call its module."""
    ours = {"in_proj": "input", "x_proj": "parameters", "out_proj": "output", "lm_head": "logits"}
    found = {name: sum(flop for part, flop in parts.items() if part.rpartition(".")[2] == name) for name in ours}
    assert {name: counted(model, step, operator) for name, operator in ours.items()} == found


def test_mamba2(build):
    """Projections only: the reference scan pads each prompt to whole chunks and multiplies elementwise."""
    fields = {"vocab_size": 97, "hidden_size": 48, "num_hidden_layers": 3, "num_heads": 6, "head_dim": 16}
    module, written = build({"model_type": "mamba2", **fields, "n_groups": 2, "state_size": 7})
    model = models.from_config(written, "mamba2")
    ids = torch.zeros(2, 11, dtype=torch.long, device="meta")
    _, parts, output = seen(module, input_ids=ids, use_cache=True)
    check_projections(model, prompt(2, 11), parts)
    _, parts, _ = seen(module, input_ids=ids[:, :1], cache_params=output.cache_params, use_cache=True)
    check_projections(model, decode(2, 11), parts)


def test_jamba(build):
    """As Mamba: eight layers convolve T + K - 1 positions and multiply states with C."""
    torch.manual_seed(0)
    module, written = build({"model_type": "jamba", **JAMBA}, "cpu")
    module.set_experts_implementation("eager")
    flop, _, _ = seen(module, input_ids=torch.randint(0, 97, (2, 11)), use_cache=True)
    inner, state, taps = 96, 5, 3
    scans = 8 * (2 * 2 * (11 + taps - 1) * inner * taps + 2 * 2 * 11 * inner * state)
    assert counted(models.from_config(written, "jamba"), prompt(2, 11)) + scans == flop


@pytest.mark.parametrize("kind", ["llava", "gemma3", "llava_next"])
def test_vision_language_models(kind, build):
    """Tower, projector and decoder; LLaVA-NeXT with an image of one tile besides the thumbnail, as its grid says.

    LLaVA-NeXT ends each row of patches with one more token, which stays in the prompt's length here as there.
    """
    torch.manual_seed(0)
    tower = {**TOWER, "model_type": "siglip_vision_model" if kind == "gemma3" else "clip_vision_model"}
    decoder = {**DENSE, "model_type": "gemma3_text" if kind == "gemma3" else "llama"}
    fields: dict[str, Any] = {"text_config": decoder, "vision_config": tower, "image_token_index": 96}
    pixels = torch.randn(2, 3, 28, 28)
    inputs: dict[str, Any] = {}
    tokens = 16
    if kind == "gemma3":
        tower["vision_use_head"] = False
        fields |= {"mm_tokens_per_image": 4}
        tokens = 4
    if kind == "llava_next":
        fields |= {"image_grid_pinpoints": [[28, 28]]}
        pixels = torch.randn(2, 2, 3, 28, 28)
        inputs["image_sizes"] = torch.tensor([[28, 28], [28, 28]])
        tokens = 16 + 16 + 4
    module, written = build({"model_type": kind, **fields}, "cpu")
    ids = torch.randint(0, 90, (2, tokens + 5))
    ids[:, 1 : 1 + tokens] = 96
    flop, _, _ = seen(module, input_ids=ids, pixel_values=pixels, **inputs)
    assert counted(models.from_config(written, kind), prompt(2, tokens + 5, images=1)) == flop
