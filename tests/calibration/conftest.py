"""Public measurements, where they lie beside the project, and shapes to price."""

from pathlib import Path

import numpy as np
import pytest

from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator import matmul

TRUTH = Path(__file__).resolve().parents[2].parent / "shared" / "truth"


@pytest.fixture(scope="session")
def measured() -> Measurements:
    """Products of AIConfigurator's database; a sample of its tables."""
    folder = TRUTH / "aiconfigurator"
    if not folder.is_dir():
        pytest.skip("the measurements are not here")
    return matmul.read(folder)[0]


@pytest.fixture(scope="session")
def shapes() -> tuple[np.ndarray, ...]:
    """Sizes m, n, k of 4,000 products."""
    random = np.random.default_rng(0)
    ranges = ((1, 16384), (64, 65536), (64, 65536))
    return tuple(np.exp(random.uniform(*np.log(ends), 4000)).round().astype(np.float32) for ends in ranges)
