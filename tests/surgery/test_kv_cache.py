"""The quantized cache: real bytes, exact where nothing is rounded, and what attention reads is what is packed."""

import pytest
import torch

from interlock.errors import InputError
from interlock.numerics import number_format
from interlock.numerics.codecs import codec
from interlock.surgery.kv_cache import QuantizedLayer
from interlock.surgery.kv_groups import KVFormat, SameTurn, quantize_kv
from interlock.surgery.rotation import rotation


def states(tokens: int = 64, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys whose channels differ much in size and offset, as those of real models, and plain values."""
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randn(1, 2, tokens, 16, generator=generator)
    keys = keys * torch.exp(torch.randn(16, generator=generator)) + 5 * torch.randn(16, generator=generator)
    return keys, torch.randn(1, 2, tokens, 16, generator=generator)


BY_TOKEN = KVFormat(bits=4, group_size=16)
BY_CHANNEL = KVFormat(bits=2, group_size=16, along="channel", real_minimum=True)


@pytest.mark.parametrize(
    ("how", "name"),
    [
        (KVFormat(bits=4, group_size=16), "int4-g16-asym"),
        (KVFormat(bits=2, group_size=16, real_minimum=True), "int2-g16-min"),
        (BY_CHANNEL, "int2-g16-min"),
        (KVFormat(bits=3, group_size=16, symmetric=True), "int3-g16"),
        (KVFormat(floating=True), "fp8-e4m3"),
    ],
)
def test_stored_bytes_are_those_of_the_format(how, name):
    keys, values = states()
    layer = QuantizedLayer(how, how, 0, 16, None)
    layer.update(keys, values)
    assert layer.stored_bytes() == {"kv": number_format(name).bytes * 2 * keys.numel(), "kv residual": 0}


def test_by_token_it_is_the_exact_codec():
    keys, _ = states()
    assert torch.equal(BY_TOKEN.stored(keys).read(), codec("int4-g16-asym").quantize(keys))
    wide = KVFormat(floating=True).stored(keys).read()
    assert torch.equal(wide, keys.to(torch.float8_e4m3fn).float())


def test_by_channel_a_group_is_successive_tokens_of_one_channel():
    keys, _ = states()
    expected = codec("int2-g16-asym", minimum="real").quantize(keys.transpose(2, 3).contiguous())
    assert torch.equal(BY_CHANNEL.stored(keys).read(), expected.transpose(2, 3))


def test_keys_lose_less_by_channel_than_by_token():
    keys, _ = states()
    by_token = KVFormat(bits=2, group_size=16, real_minimum=True)
    lost = [float((how.stored(keys).read() - keys).norm()) for how in (BY_CHANNEL, by_token)]
    assert lost[0] < 0.5 * lost[1]


@pytest.mark.parametrize("residual", [0, 20])
def test_token_by_token_packs_what_one_pass_packs(residual):
    keys, values = states()
    once, often = (QuantizedLayer(BY_CHANNEL, BY_TOKEN, residual, 16, None) for _ in range(2))
    once.update(keys, values)
    for place in range(64):
        often.update(keys[:, :, place : place + 1], values[:, :, place : place + 1])
    assert torch.equal(once.keys, often.keys)
    assert torch.equal(once.values, often.values)
    assert once.stored_bytes() == often.stored_bytes()
    packed = 64 if residual == 0 else 32  # whole blocks of 16 among those older than the residual
    assert torch.equal(once.keys[:, :, packed:], keys[:, :, packed:])
    assert once.stored_bytes()["kv residual"] == (64 - packed) * 2 * 2 * 16 * 2


def test_turned_keys_come_back_turned_back():
    keys, values = states()
    wide = KVFormat(bits=8, group_size=16)
    layer = QuantizedLayer(wide, wide, 0, 1, SameTurn(rotation(16, 2)))
    layer.update(keys, values)
    assert float((layer.keys - keys).abs().max()) < 0.1


@pytest.mark.parametrize("kind", ["llama", "qwen2", "mistral", "gpt_neox"])
def test_a_model_with_a_fine_cache_answers_as_before(build, logits, unseen, kind):
    model = build(kind)
    before = logits(model, unseen)
    quantize_kv(model, KVFormat(bits=8, group_size=16), KVFormat(bits=8, group_size=16))
    change = logits(model, unseen) - before
    assert 0 < float(change.norm() / before.norm()) < 0.05


def test_everything_in_the_residual_is_exact(build, logits, unseen):
    model = build()
    before = logits(model, unseen)
    quantize_kv(model, KVFormat(bits=2, group_size=16), KVFormat(bits=2, group_size=16), residual=32)
    assert torch.equal(logits(model, unseen), before)


def test_generation_uses_the_cache_and_decodes_what_one_pass_predicts(build, unseen):
    model = build()
    quantize_kv(model, KVFormat(bits=4, group_size=16), KVFormat(bits=4, group_size=16))
    written = model.generate(unseen[:1, :8], max_new_tokens=12, do_sample=False, return_dict_in_generate=True)
    assert all(isinstance(layer, QuantizedLayer) for layer in written.past_key_values.layers)
    with torch.no_grad():
        again = model(written.sequences).logits.argmax(-1)
    assert torch.equal(written.sequences[0, 8:], again[0, 7:-1])


def test_a_second_rule_replaces_the_first(build, logits, unseen):
    model, other = build(), build()
    coarse, fine = KVFormat(bits=2, group_size=16), KVFormat(bits=8, group_size=16)
    quantize_kv(model, coarse, coarse)
    quantize_kv(model, fine, fine)
    quantize_kv(other, fine, fine)
    assert torch.equal(logits(model, unseen), logits(other, unseen))


def test_a_group_that_does_not_divide_a_head_is_refused(build):
    with pytest.raises(InputError, match=r"128, which does not divide the 16 channels of a head"):
        quantize_kv(build(), KVFormat(group_size=128), KVFormat(group_size=16))
