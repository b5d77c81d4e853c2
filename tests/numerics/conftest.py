"""What the numerics tests share: inputs that meet every corner, and third-party references where they are installed."""

from __future__ import annotations

import warnings
from types import ModuleType

import numpy as np
import pytest

from interlock.numerics.arrays import Floats


def bit_equal(a: Floats, b: Floats) -> np.ndarray:
    """Where two arrays hold the same number, signs of zero included; any NaN equals any NaN."""
    same = (a == b) & (np.signbit(a) == np.signbit(b))
    return same | (np.isnan(a) & np.isnan(b))


def awkward(seed: int = 0) -> Floats:
    """Every fp16 and bf16 number, and 200,000 random fp32 codes: NaN, infinities, denormals, all exponents."""
    random = np.random.default_rng(seed).integers(0, 2**32, 200_000, dtype=np.uint64).astype(np.uint32)
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    brains = np.arange(2**16, dtype=np.uint32) << 16
    with np.errstate(invalid="ignore"):
        found = np.concatenate([halves.astype(np.float32), brains.view(np.float32), random.view(np.float32)])
        return np.where(np.isnan(found), np.float32(np.nan), found)  # quiet ones: NumPy warns of the signalling kind


def around_ties(numbers: Floats) -> Floats:
    """The point halfway between each number and the next, and the fp32 numbers below and above it."""
    finite = np.unique(numbers[np.isfinite(numbers)])
    middle = ((finite[1:] + finite[:-1]) / 2).astype(np.float32)
    beyond = np.array([finite[-1] + (finite[-1] - finite[-2]) / 2], dtype=np.float32)
    centre = np.concatenate([middle, beyond, -beyond])
    return np.concatenate([centre, np.nextafter(centre, np.float32(-np.inf)), np.nextafter(centre, np.float32(np.inf))])


def tensors() -> dict[str, Floats]:
    """Matrices as formats meet them: normal, heavy tails, far outliers, zeros, one number, denormals, shifted."""
    rng = np.random.default_rng(7)
    normal = rng.standard_normal((12, 256)).astype(np.float32)
    outliers = normal.copy()
    outliers[:, 3] *= 60
    return {
        "normal": normal * np.float32(0.02),
        "student": rng.standard_t(3, (12, 256)).astype(np.float32),
        "outliers": outliers,
        "zeros": np.zeros((4, 256), dtype=np.float32),
        "one number": np.full((4, 256), 3.25, dtype=np.float32),
        "tiny": normal * np.float32(1e-41),
        "shifted": normal * np.float32(0.1) + np.float32(5),
        "one row": normal[:1],
    }


@pytest.fixture(scope="session")
def ml_dtypes() -> ModuleType:
    return pytest.importorskip("ml_dtypes")


@pytest.fixture(scope="session")
def gfloat() -> ModuleType:
    return pytest.importorskip("gfloat")


@pytest.fixture(scope="session")
def torchao() -> ModuleType:
    """The package with its prototypes of MX and NVFP4; it prints and warns when it loads."""
    pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pytest.importorskip("torchao")
        pytest.importorskip("torchao.prototype.mx_formats.mx_tensor")
        pytest.importorskip("torchao.prototype.mx_formats.nvfp4_tensor")
        pytest.importorskip("torchao.quantization.quant_primitives")
    return found
