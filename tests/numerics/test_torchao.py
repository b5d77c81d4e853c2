"""MX, NVFP4 and grouped integers against torchao, code by code and scale by scale."""

import numpy as np
import pytest

from interlock.numerics import codec
from interlock.numerics.packing import unpack
from interlock.numerics.scaled import ScaledCodec

ELEMENTS = {"mxfp8": "float8_e4m3fn", "mxfp8-e5m2": "float8_e5m2", "mxfp6": "fp6_e2m3", "mxfp6-e3m2": "fp6_e3m2",
            "mxfp4": "float4_e2m1fn_x2"}  # fmt: skip


def inputs() -> np.ndarray:
    """512 x 256 values over many octaves, with zeros, whole blocks of zeros, and exact powers of two."""
    rng = np.random.default_rng(11)
    x = rng.standard_normal((512, 256)) * 2.0 ** rng.integers(-20, 20, (512, 1))
    x[5], x[6, ::2] = 0, 0
    x[7] = 2.0 ** rng.integers(-8, 8, 256)
    x[8] = 1.75 * 2.0 ** rng.integers(-8, 8, 256)  # what "even" rounds up
    x[9] = 448 * 2.0 ** rng.integers(-8, 8, 256)
    return x.astype(np.float32)


@pytest.mark.parametrize("rule", ["floor", "rceil", "ceil", "even"])
@pytest.mark.parametrize("name", ELEMENTS)
def test_microscaling_is_that_of_torchao(torchao, name: str, rule: str):
    import torch
    from torchao.prototype.mx_formats import mx_tensor

    kind = getattr(torch, ELEMENTS[name], ELEMENTS[name])
    x = inputs()
    mode = getattr(mx_tensor.ScaleCalculationMode, rule.upper())
    scales, data = mx_tensor.to_mx(torch.from_numpy(x), kind, 32, mode)
    ours = codec(name, scale_rule=rule)
    assert isinstance(ours, ScaledCodec)
    stored = ours.encode(x)
    known = scales.view(torch.uint8).numpy().reshape(-1)
    zero = np.abs(x).reshape(-1, 32).max(axis=1) == 0  # a block of zeros may have any scale
    assert (stored.parts["scales"] == known)[~zero].all()
    codes = data.view(torch.uint8).numpy().reshape(-1)
    if name == "mxfp4":
        codes = unpack(codes, 4, x.size)
    assert (ours.codes(stored) == codes).all()


def test_nvfp4_is_that_of_torchao(torchao):
    import torch
    from torchao.prototype.mx_formats import nvfp4_tensor

    x = np.random.default_rng(12).standard_t(4, (512, 256)).astype(np.float32)
    x[3], x[4, :16] = 0, 1e-9
    tensor = torch.from_numpy(x)
    scale = nvfp4_tensor.per_tensor_amax_to_scale(tensor.abs().max())
    blocks, data = nvfp4_tensor.nvfp4_quantize(tensor, 16, scale)
    ours = codec("nvfp4")
    assert isinstance(ours, ScaledCodec)
    stored = ours.encode(x)
    assert stored.once["tensor scale"].view(np.float32)[0] == scale.item()
    assert (stored.parts["scales"] == blocks.view(torch.uint8).numpy().reshape(-1)).all()
    assert (ours.codes(stored) == unpack(data.numpy().reshape(-1), 4, x.size)).all()


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("group", [32, 128])
def test_grouped_integers_are_those_of_torchao(torchao, bits: int, group: int):
    import torch
    from torchao.quantization import quant_primitives as q

    x = np.random.default_rng(bits).standard_normal((64, 256)).astype(np.float32)
    tensor, top = torch.from_numpy(x), 2 ** (bits - 1) - 1
    cases = {
        f"int{bits}-g{group}": (q.MappingType.SYMMETRIC, torch.int8, -top, top),
        f"int{bits}-g{group}-asym": (q.MappingType.ASYMMETRIC, torch.uint8, 0, 2**bits - 1),
    }
    for name, (mapping, kind, low, high) in cases.items():
        scale, zero = q.choose_qparams_affine(
            tensor,
            mapping,
            (1, group),
            kind,
            low,
            high,
            eps=1e-12,
            scale_dtype=torch.float32,
            zero_point_dtype=torch.int32,
        )
        data = q.quantize_affine(tensor, (1, group), scale, zero, kind, low, high)
        known = q.dequantize_affine(data, (1, group), scale, zero, kind, low, high).numpy()
        found = codec(name, scale_as="float32").quantize(x)
        # torchao multiplies by 1 / scale: a value on a tie may go the other way
        same = np.isclose(found, known, rtol=1e-6, atol=1e-7)
        assert same.mean() > 0.9999
        step = scale.numpy().max()
        assert np.abs(found - known).max() <= step * 1.0001


@pytest.mark.parametrize(("rule", "known"), [("floor", 0.1186), ("rceil", 0.1171), ("ceil", 0.1440), ("even", 0.1133)])
def test_scale_rules_of_mxfp4_err_as_published_comparisons_say(rule: str, known: float):
    x = (np.random.default_rng(0).standard_normal((512, 1024)) * 0.05).astype(np.float32)
    error = codec("mxfp4", scale_rule=rule).quantize(x) - x
    assert float(np.sqrt((error**2).mean() / (x**2).mean())) == pytest.approx(known, rel=0.05)
