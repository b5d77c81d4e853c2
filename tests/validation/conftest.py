"""Measurements made here, and predictors whose errors are known."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from interlock.evidence import Evidence, Source
from interlock.evidence.measurement import FAMILIES, Measurements
from interlock.validation import Comparison, Predictor, Validation

SOURCE = Source(kind=Evidence.MEASURED, ref="made for a test")


def measurements(family: str = "gemm", set_name: str = "made", **columns: Any) -> Measurements:
    """Rows of a family; columns that are not given are 1 or "bf16"."""
    given = {name: np.asarray(column) for name, column in columns.items()}
    rows = max((column.size for column in given.values()), default=1)
    known = {"chip": "h100-sxm", "stack": "stack", **dict.fromkeys(FAMILIES[family], 1.0)}
    known = {name.rstrip("$"): "bf16" if name.endswith("$") else value for name, value in known.items()}
    known |= given
    whole = {name: np.broadcast_to(value, rows).copy() for name, value in known.items()}
    return Measurements(family=family, set_name=set_name, licence="CC0-1.0", source=SOURCE, columns=whole)


def factor_of(factor: float, name: str = "first principles", *families: str) -> Predictor:
    """Predicts every measurement times a factor."""
    predicts = {family: lambda m: m.measured * factor for family in families or FAMILIES}
    return Predictor(name=name, calibration="no calibration yet", families=predicts)


def compared(parts: list[Measurements], *predictors: Predictor) -> Validation:
    used = predictors or (factor_of(1.1),)
    comparisons = [Comparison(measurements=m, predictions={each.name: each(m) for each in used}) for m in parts]
    return Validation(comparisons=tuple(comparisons), predictors=used)


@pytest.fixture(scope="session")
def make() -> Callable[..., Measurements]:
    return measurements


@pytest.fixture
def some() -> Validation:
    """Three families, two sets, four chips; one family without a prediction, one row with an extreme one."""
    random = np.random.default_rng(0)
    seconds = random.lognormal(-9, 2, 400)
    chips = np.array(["h100-sxm", "a100-80g", "mi300x", "<img src=x onerror=alert(1)>"])[np.arange(400) % 4]
    gemm = measurements(seconds=seconds, m=np.arange(400) + 1, chip=chips, weight_format=["bf16", "fp8"] * 200)
    attention = measurements("attention", "other", seconds=seconds, phase=["prefill", "decode"] * 200, window=0)
    request = measurements(
        "request", value=[0.5, 200.0] * 20, quantity=["ttft", "tokens_per_s"] * 20, model="llama-3.1-8b"
    )
    scan = measurements("scan", seconds=seconds)

    def noisy(m: Measurements) -> np.ndarray:
        return m.measured * np.random.default_rng(1).lognormal(0, 0.3, len(m))

    def partly(m: Measurements) -> np.ndarray:
        return np.where(m["chip"] == "mi300x", np.nan, np.where(m["m"] == 1, 1e3, noisy(m)))

    families = {"gemm": partly, "attention": noisy, "request": noisy}
    predictor = Predictor(name="first principles", calibration="no calibration yet", families=families)
    return compared([gemm, attention, request, scan], predictor)


@pytest.fixture(scope="session")
def truth() -> Path:
    """The folder of public measurements, for those who have it."""
    given = os.environ.get("INTERLOCK_DATA")
    folder = Path(given) if given else Path(__file__).resolve().parents[3] / "shared" / "truth"
    if not folder.is_dir():
        pytest.skip("no measurement sets here: set INTERLOCK_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def compare() -> Callable[..., Validation]:
    return compared


@pytest.fixture(scope="session")
def times() -> Callable[..., Predictor]:
    return factor_of
