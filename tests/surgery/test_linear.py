"""Changed layers compute what PyTorch computes with the values they store."""

import pytest
import torch
from torch.nn import functional

from interlock.errors import InputError
from interlock.numerics.codecs import codec
from interlock.surgery.codec_store import CodecStore
from interlock.surgery.decomposition import GRID, DecomposedLinear
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.inputs import FloatTokenQuantizer, TensorQuantizer, TokenQuantizer
from interlock.surgery.linear import QuantizedLinear, StagedLinear
from interlock.surgery.stores import ColumnsStore, HalfStore, IntegerStore

GENERATOR = torch.Generator().manual_seed(0)
WEIGHT, BIAS = torch.randn(24, 64, generator=GENERATOR), torch.randn(24, generator=GENERATOR)
X = torch.randn(3, 5, 64, generator=GENERATOR) * 4


@pytest.mark.parametrize("keep", [True, False])
def test_a_quantized_layer_is_a_float_layer_with_its_weights_bit_for_bit(keep: bool):
    store = IntegerStore.nearest(WEIGHT, IntegerGrid(bits=4, group_size=16, symmetric=False))
    layer = QuantizedLinear(store, BIAS, keep_dense=keep)
    expected = functional.linear(X, store.dequantize(), BIAS)
    assert torch.equal(layer(X), expected)
    assert torch.equal(layer(X), expected)


@pytest.mark.parametrize("name", ["mxfp4", "mxfp8", "nvfp4", "nf4", "nf4-dq", "fp8-e4m3", "fp6-e3m2", "msfp12", "q4-0"])
def test_encoded_weights_are_the_codecs(name: str):
    store = CodecStore(WEIGHT, codec(name))
    assert torch.equal(store.dequantize(), codec(name).quantize(WEIGHT))
    assert sum(buffer.nbytes for buffer in store.buffers()) == sum(store.stored_bytes().values())


@pytest.mark.parametrize("bits", [3, 4, 8])
def test_a_token_takes_no_more_values_than_its_bits_have(bits: int):
    for symmetric in (True, False):
        rounded = TokenQuantizer(bits, symmetric=symmetric)(X).view(-1, 64)
        assert max(len(row.unique()) for row in rounded) <= 2**bits
    error = (TokenQuantizer(bits)(X) - X).abs().amax(-1) / X.abs().amax(-1)
    assert float(error.max()) <= 0.5 / (2 ** (bits - 1) - 1) + 1e-6


def test_tokens_do_not_influence_each_other_and_groups_do_not_either():
    louder = X.clone()
    louder[0, 0, 0] = 1e4
    whole, grouped = TokenQuantizer(8), TokenQuantizer(8, group_size=16)
    assert torch.equal(whole(louder)[1:], whole(X)[1:])
    assert torch.equal(grouped(louder)[0, 0, 16:], grouped(X)[0, 0, 16:])
    assert not torch.equal(whole(louder)[0, 0, 16:], whole(X)[0, 0, 16:])


def test_zeros_stay_zero_and_static_scales_clip():
    for step in (TokenQuantizer(4), TokenQuantizer(4, symmetric=False), FloatTokenQuantizer(), TensorQuantizer(8, 1.0)):
        assert torch.equal(step(torch.zeros(2, 8)), torch.zeros(2, 8))
    assert float(TensorQuantizer(8, 1.0)(torch.tensor([5.0]))) == pytest.approx(1.0)


def test_floats_of_a_token_are_those_of_e4m3_under_its_scale():
    x = X.view(-1, 64)
    scale = x.abs().amax(1, keepdim=True) / 448
    expected = codec("fp8-e4m3", group="channel").quantize(x)
    assert torch.allclose(FloatTokenQuantizer()(x), expected, rtol=1e-5, atol=float(scale.min()) * 1e-4)


def split(wide: list[int]) -> ColumnsStore:
    order = torch.tensor([i for i in range(64) if i not in wide] + wide)
    parts = [IntegerStore.nearest(WEIGHT[:, order[: 64 - len(wide)]], GRID), HalfStore(WEIGHT[:, wide])]
    return ColumnsStore([*parts], order)


def test_columns_in_two_stores_come_back_in_their_places():
    store = split([3, 60, 7])
    assert torch.equal(store.dequantize()[:, [3, 60, 7]], WEIGHT[:, [3, 60, 7]].half().float())
    assert torch.allclose(store.dequantize(), WEIGHT, atol=0.03)
    assert store.stored_bytes() == {"linear": 24 * (61 + 3 * 2), "channel scales": 24 * 2, "order": 64 * 4}


def test_outlier_features_are_multiplied_wide_and_others_as_bytes():
    x = X.clamp(-3, 3)
    x[..., 3] = 50.0
    layer = DecomposedLinear(split([3]), 6.0, BIAS)
    narrow = x.clone()
    narrow[..., 3] = 0
    expected = functional.linear(TokenQuantizer(8)(narrow) + (x - narrow), layer.weight, BIAS)
    assert torch.allclose(layer(x), expected, atol=1e-5)
    assert float((layer(x) - functional.linear(x, WEIGHT, BIAS)).norm() / layer(x).norm()) < 0.02


def test_features_that_become_outliers_later_are_wide_too():
    x = X.clamp(-3, 3)
    x[..., 9] = 80.0  # not among the stored ones
    layer = DecomposedLinear(split([3]), 6.0, None)
    plain = StagedLinear([TokenQuantizer(8)], QuantizedLinear(split([3])))
    true = functional.linear(x, WEIGHT)
    assert float((layer(x) - true).norm()) < 0.5 * float((plain(x) - true).norm())


def test_senseless_widths_of_activations_are_refused():
    with pytest.raises(InputError, match="activation bits"):
        TokenQuantizer(1)
