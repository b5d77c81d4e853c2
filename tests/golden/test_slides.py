"""The mobile slides' tables, recomputed: model sizes, and token speed under the memory bandwidth."""

import tomllib

import numpy as np
import pytest

from interlock.catalogue import DATA
from interlock.cost import Chips, operator_time
from interlock.hardware import chip
from interlock.numerics import number_format
from interlock.operators import Kind, Operator
from interlock.units import parse

SIZES = {
    70.0: (280, 140, 70, 35),
    13.0: (52, 26, 13, 6.5),
    7.0: (28, 14, 7, 3.5),
    3.25: (13, 6.5, 3.25, 1.625),
    1.8: (7.2, 3.6, 1.8, 0.9),
}  # billions of parameters: GB at fp32, fp16, int8, int4
SPEEDS = {
    70.0: (1.10, 0.71, 0.36, 2.19, 1.43, 0.72),
    13.0: (5.91, 3.84, 1.95, 11.82, 7.68, 3.90),
    7.0: (10.97, 7.13, 3.62, 21.94, 14.26, 7.24),
    3.25: (23.63, 15.36, 7.80, 47.26, 30.72, 15.60),
    1.8: (42.67, 27.73, 14.08, 85.33, 55.47, 28.16),
}  # tokens a second: int8 at 100, 65 and 33 % of 76.8 GB/s, then int4
CELLS = [
    (size, name, gb)
    for size, row in SIZES.items()
    for name, gb in zip(("fp32", "fp16", "int8", "int4"), row, strict=True)
]
RATES = [
    (size, name, share, speed)
    for size, row in SPEEDS.items()
    for (name, share), speed in zip(
        [(name, share) for name in ("int8", "int4") for share in (1.0, 0.65, 0.33)], row, strict=True
    )
]


@pytest.mark.parametrize(("billions", "name", "gb"), CELLS)
def test_a_models_size_is_parameters_times_bytes(billions: float, name: str, gb: float):
    assert billions * 1e9 * number_format(name).bytes == pytest.approx(gb * 1e9, rel=1e-12)


def test_the_printed_table_has_one_misprint():
    printed = tomllib.loads((DATA / "exhibits" / "model_size_table.toml").read_text())
    wrong = [
        (row["parameters"], name, cell)
        for row in printed["rows"]
        for name, cell in zip(printed["columns"], row["printed"], strict=True)
        if cell != pytest.approx(row["parameters"] * number_format(name).bytes)
    ]
    assert wrong == [(13.0, "int4", 7.5)]
    assert 13 * number_format("int4").bytes == 6.5


@pytest.mark.parametrize(("billions", "name", "share", "speed"), RATES)
def test_token_speed_is_bandwidth_over_bytes(billions: float, name: str, share: float, speed: float):
    bound = parse("76.8 GB/s", "bytes/s") * share / (billions * 1e9 * number_format(name).bytes)
    assert bound == pytest.approx(speed, abs=0.0051)


@pytest.mark.parametrize(("billions", "name"), sorted({(size, name) for size, name, *_ in RATES}))
def test_the_cost_model_meets_the_slides_bound_at_its_own_share_of_the_bandwidth(billions: float, name: str):
    phone = chip("dimensity-9300")
    assert phone.main.bandwidth == pytest.approx(76.8e9)
    columns = Chips.of(phone)
    weights = billions * 1e9 * number_format(name).bytes
    read = Operator(name="weights", block="mlp", kind=Kind.EMBEDDING, weight_bytes=weights)
    time = float(np.asarray(operator_time(read, columns).memory))
    bound = SPEEDS[billions][0 if name == "int8" else 3]
    assert 1 / time == pytest.approx(bound * columns.bandwidth / 76.8e9, rel=0.005)
    assert 1 / time < bound
