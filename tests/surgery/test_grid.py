"""Grids of integers: against the exact codecs, against torchao, and refusals."""

import pytest
import torch

from interlock.errors import InputError
from interlock.numerics.codecs import codec
from interlock.surgery.grid import IntegerGrid, values
from interlock.surgery.stores import IntegerStore


def weights(rows: int = 12, columns: int = 64, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    spread = torch.exp(torch.randn(columns, generator=generator))
    return torch.randn(rows, columns, generator=generator) * spread + 0.3


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("group_size", [16, 32, 64])
def test_groups_with_zero_points_are_those_of_the_exact_codec(bits: int, group_size: int):
    w = weights()
    expected = codec(f"int{bits}-g{group_size}-asym").quantize(w)
    assert torch.equal(IntegerGrid(bits=bits, group_size=group_size, symmetric=False).nearest(w), expected)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_symmetric_groups_are_those_of_the_exact_codec_with_its_full_span(bits: int):
    w = weights()
    expected = codec(f"int{bits}-g32", span="full").quantize(w)
    assert torch.equal(IntegerGrid(bits=bits, group_size=32).nearest(w), expected)


@pytest.mark.parametrize("symmetric", [True, False])
def test_codes_are_those_of_torchao(symmetric: bool):
    primitives = pytest.importorskip("torchao.quantization.quant_primitives")
    w = weights()
    grid = IntegerGrid(bits=4, group_size=32, symmetric=symmetric)
    scale, zero = grid.fit(w)
    kind = primitives.MappingType.SYMMETRIC if symmetric else primitives.MappingType.ASYMMETRIC
    low, high = (-8, 7) if symmetric else (0, 15)
    wide, _ = primitives.choose_qparams_affine(w, kind, (1, 32), torch.int8 if symmetric else torch.uint8, low, high)
    assert torch.allclose(scale, wide.view_as(scale), rtol=1e-3)  # ours is rounded to fp16
    offset = torch.zeros_like(zero) if symmetric else zero
    codes = primitives.quantize_affine(
        w, (1, 32), scale, offset.to(torch.int32), torch.int8 if symmetric else torch.uint8, low, high
    )
    assert torch.equal(grid.codes(w, scale, zero).int() - (8 if symmetric else 0), codes.int())


@pytest.mark.parametrize("symmetric", [True, False])
def test_errors_are_at_most_half_a_step_inside_the_range(symmetric: bool):
    w = weights()
    grid = IntegerGrid(bits=4, group_size=16, symmetric=symmetric)
    scale, _ = grid.fit(w)
    error = (grid.nearest(w) - w).abs().view(12, 4, 16) / scale.unsqueeze(2)
    assert float(error.max()) <= 0.51  # the scale in fp16 may fall short of the range


def test_zero_and_values_on_the_grid_stay():
    grid = IntegerGrid(bits=4, group_size=16, symmetric=False)
    scale, zero = grid.fit(weights())
    codes = grid.codes(weights(), scale, zero)
    assert torch.equal(grid.codes(values(codes, scale, zero), scale, zero), codes)
    assert torch.equal(IntegerGrid(bits=4, group_size=16).nearest(torch.zeros(2, 32)), torch.zeros(2, 32))


def test_one_scale_for_a_tensor_is_one_number():
    w = weights()
    store = IntegerStore.nearest(w, IntegerGrid(bits=8, per_tensor=True))
    assert store.scale.numel() == 1
    assert store.stored_bytes() == {"linear": w.numel(), "channel scales": 2}
    assert torch.equal(store.dequantize(), IntegerGrid(bits=8, per_tensor=True).nearest(w))


def test_bytes_are_real_and_counted():
    store = IntegerStore.nearest(weights(), IntegerGrid(bits=3, group_size=16, symmetric=False))
    assert store.stored_bytes() == {"linear": 12 * 64 * 3 // 8 + 12 * 4 * 2 + 12 * 4 * 3 // 8}
    assert sum(buffer.nbytes for buffer in store.buffers()) == sum(store.stored_bytes().values())


@pytest.mark.parametrize("bits", [0, 1, 5, 17])
def test_widths_without_a_format_are_refused(bits: int):
    with pytest.raises(InputError, match=f"found {bits}; accepted: 2, 3, 4, 8"):
        IntegerGrid(bits=bits)


def test_a_group_that_does_not_divide_is_refused_with_one_that_does():
    with pytest.raises(InputError, match=r"found 128, which does not divide the 576 columns.*192 or 96 or 64"):
        IntegerGrid(bits=4, group_size=128).fit(torch.zeros(1, 576))
