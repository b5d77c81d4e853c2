"""HQQ: against its package where that is installed, and what it is for."""

import pytest
import torch

from interlock.numerics.codecs import codec
from interlock.surgery.codec_store import CodecStore
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.half_quadratic import best_zero, half_quadratic_store, shrink
from interlock.surgery.packing import unpack


def heavy_tailed(rows: int = 32, columns: int = 256, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator) * torch.exp(
        0.8 * torch.randn(rows, columns, generator=generator)
    )


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("group_size", [32, 64])
def test_weights_are_those_of_the_package(bits: int, group_size: int):
    quantize = pytest.importorskip("hqq.core.quantize").Quantizer.quantize
    w = heavy_tailed()
    how = {"axis": 1, "optimize": True, "bitpack": False, "device": "cpu", "round_zero": bits == 4}
    codes, meta = quantize(w, nbits=bits, group_size=group_size, **how)
    grouped = w.view(32, -1, group_size)
    low, high = grouped.amin(2, keepdim=True), grouped.amax(2, keepdim=True)
    rate = (2**bits - 1) / (high - low)
    start = (-low * rate).round() if bits == 4 else -low * rate
    zero = best_zero(grouped, rate, start, 2**bits - 1)
    assert torch.allclose(zero.view(-1), meta["zero"].view(-1), atol=1e-3)
    found = half_quadratic_store(w, IntegerGrid(bits=bits, group_size=group_size, symmetric=False))
    ours = unpack(found.codes, bits, w.numel())
    assert (
        float((ours != codes.view(-1)).float().mean()) < 0.002 * 2**bits / 4
    )  # scales and zero points here are in fp16


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_typical_weights_err_less_than_by_rounding_between_minimum_and_maximum(bits: int):
    w = heavy_tailed()
    nearest = codec(f"int{bits}-g64-min").quantize(w)
    found = half_quadratic_store(w, IntegerGrid(bits=bits, group_size=64, symmetric=False)).dequantize()
    assert float((found - w).abs().pow(0.7).mean()) < float((nearest - w).abs().pow(0.7).mean())


def test_the_threshold_takes_small_errors_and_leaves_large_ones():
    x = torch.tensor([-3.0, -0.01, 0.0, 0.01, 3.0])
    assert torch.equal(shrink(x, 10.0)[1:4], torch.zeros(3))
    assert torch.allclose(shrink(x, 10.0)[[0, 4]], torch.tensor([-1.0, 1.0]) * (3 - 3**-0.3 / 10))


def test_weights_from_a_grid_with_real_minima_come_back_without_loss():
    """Groups of 32 with an fp16 step and minimum, as GGUF's Q4_1 has them: the one aligned setting loses nothing."""
    generator = torch.Generator().manual_seed(0)
    step = (torch.rand(16, 8, 1, generator=generator) * 0.01 + 0.001).half().float()
    low = (torch.randn(16, 8, 1, generator=generator) * 0.05).half().float()
    codes = torch.randint(0, 16, (16, 8, 32), generator=generator).float()
    codes[..., 0], codes[..., 1] = 0, 15
    w = (codes * step + low).view(16, 256)
    assert torch.equal(CodecStore(w, codec("int4-g32-min")).dequantize(), w)
    for other in ("int4-g64-min", "int4-g32-asym", "int4-g32"):
        assert float((CodecStore(w, codec(other)).dequantize() - w).norm() / w.norm()) > 0.01
