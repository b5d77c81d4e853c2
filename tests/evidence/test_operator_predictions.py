"""Today's predictions of operator-level rows: finite, positive, the same one by one, and what is impossible is told."""

from dataclasses import replace

import numpy as np
import pytest

from interlock.errors import UnsupportedError
from interlock.evidence import Evidence, Source
from interlock.evidence.measurement import Measurements
from interlock.evidence.store import read_sets
from interlock.validation.operators import implausible, predict

SETS = ["aiconfigurator", "apex_plus", "azure_guide", "infersim", "llmcompass", "neusight", "vidur"]
SAMPLE = 40


def rows(of, **columns):
    count = len(next(iter(columns.values())))
    shared = {"chip": np.full(count, "h100-sxm"), "stack": np.full(count, "none")}
    return Measurements(
        family=of,
        set_name="made",
        licence="none",
        source=Source(kind=Evidence.ASSUMED, ref="made"),
        columns={**shared, **{name: np.asarray(value) for name, value in columns.items()}},
    )


def products(seconds, chip="h100-sxm", weight="bf16", activation="bf16", m=8192.0):
    count = len(seconds)
    made = rows(
        "gemm",
        weight_format=np.full(count, weight),
        activation_format=np.full(count, activation),
        m=np.full(count, m),
        n=np.full(count, 8192.0),
        k=np.full(count, 8192.0),
        seconds=np.array(seconds),
    )
    return replace(made, columns={**made.columns, "chip": np.full(count, chip)})


@pytest.fixture(scope="module")
def parts(data):
    found = [part for name in SETS if (data / name).is_dir() for part in read_sets(data, [name])]
    found = [part for part in found if part.family != "request"]
    if not found:
        pytest.skip("none of the operator-level sets")
    return found


def test_every_row_is_predicted(parts):
    for part in parts:
        predicted = predict(part)
        assert predicted.shape == (len(part),)
        assert np.isfinite(predicted).all(), (part.set_name, part.family)
        assert (predicted > 0).all(), (part.set_name, part.family)


def test_all_at_once_is_what_each_row_is_alone(parts):
    choose = np.random.default_rng(0)
    for part in parts:
        predicted = predict(part)
        for place in choose.choice(len(part), min(SAMPLE, len(part)), replace=False):
            alone = predict(part.where(np.arange(len(part)) == place))
            assert alone[0] == pytest.approx(predicted[place], rel=1e-12), (part.set_name, part.family, place)


def test_few_rows_are_faster_than_the_hardware(parts):
    """Whole columns in a wrong unit would be; what is left are defects that the published files have."""
    for part in parts:
        share = implausible(part).mean()
        assert share < (0.05 if part.family == "scan" else 0.01), (part.set_name, part.family, share)


def test_rows_in_the_wrong_unit_are_told(parts):
    """Milliseconds taken for seconds: kernels so small that they only launch stay plausible, large ones do not."""
    for part in parts:
        if part.family in {"gemm", "attention", "experts"}:
            columns = {**part.columns, "seconds": part["seconds"] * 1e-3}
            assert implausible(replace(part, columns=columns)).mean() > 0.25, (part.set_name, part.family)


def test_faster_than_the_roofline_by_more_than_a_margin():
    least = 2 * 8192**3 / 989.4e12
    assert implausible(products([least, least / 1.29, least / 1.31])).tolist() == [False, False, True]


def test_a_chip_without_the_format_widens_it():
    wide, narrow = (predict(products([1.0], "arc-pro-b60", name, name))[0] for name in ("bf16", "fp8-e4m3"))
    assert narrow == pytest.approx(wide)
    assert predict(products([1.0], "h100-sxm", "fp8-e4m3", "fp8-e4m3"))[0] < 0.6 * predict(products([1.0]))[0]


def test_an_unknown_chip_has_no_prediction_and_a_request_no_formula():
    assert np.isnan(predict(products([1.0], "abacus"))).all()
    request = rows("power", family=["request"], power_w=[300.0], seconds=[1.0])
    with pytest.raises(UnsupportedError, match="not operators"):
        predict(request)


def test_a_window_bounds_what_is_read():
    shared = {
        "phase": ["decode", "decode"], "sequences": [64.0, 64.0], "tokens": [1.0, 1.0], "context": [65535.0, 65535.0],
        "heads": [32.0, 32.0], "kv_heads": [8.0, 8.0], "head_dim": [128.0, 128.0], "seconds": [1.0, 1.0],
        "activation_format": ["bf16", "bf16"], "kv_format": ["bf16", "bf16"],
    }  # fmt: skip
    whole, windowed = predict(rows("attention", window=[0.0, 1024.0], **shared))
    assert whole > 20 * windowed
    expected = 64 * 65536 * 2 * 8 * 128 * 2 / (3.35e12 * 0.85)
    assert whole == pytest.approx(expected, rel=0.05)


def test_power_lies_between_idle_and_what_arithmetic_draws():
    shared = {"rows": [1.0], "width": [2.0**30], "kind": ["add"], "activation_format": ["bf16"], "seconds": [1.0]}
    watts = predict(rows("power", family=["elementwise"], power_w=[400.0], **shared))[0]
    assert 0.45 * 700 < watts < 2 * 700


def test_nodes_end_the_domain_of_links():
    shared = {"operation": ["all-reduce"] * 2, "chips": [8.0, 8.0], "message_bytes": [1e9, 1e9], "seconds": [1.0, 1.0]}
    inside, between = predict(rows("collective", chips_in_node=[8.0, 4.0], **shared))
    assert between > inside
