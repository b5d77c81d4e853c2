"""Fitting of the shared form: one formula in NumPy and torch, repeats, kernels, and a small fit of made-up times."""

import numpy as np
import pytest

from interlock.cost.calibrated import attention
from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.facts import facts
from interlock.cost.calibrated.form import unit_s
from interlock.cost.calibrated.gemm import bytes_of
from interlock.cost.calibrated.kernels import kernel_sets, nearest, shared_sets
from interlock.cost.calibrated.operators import formula, predict_rows
from interlock.cost.calibrated.split import HELD_OUT
from interlock.cost.fitting.operator_rows import formats_of, read_operator_rows
from interlock.cost.fitting.operator_tables import operator_tables
from interlock.cost.fitting.operators import FAMILIES, fit_operators
from interlock.errors import InputError, MissingExtraError
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.hardware import chip

NAMES = {family.name: family for family in FAMILIES}
DECODE = attention.FAMILIES["decode"]


@pytest.mark.parametrize("name", NAMES)
def test_numpy_prices_as_torch_does(name):
    torch = pytest.importorskip("torch")
    family, found = NAMES[name], coefficients(name)
    random = np.random.default_rng(1)
    columns = {c: np.exp(random.uniform(0, 5, 500)).round().astype(np.float32) for c in family.columns}
    for key in list(found.sets)[::25]:
        each, here = bytes_of(family.scheme(formats_of(key[2]))), found.facts[key[0], key[2]]
        terms = family.terms(columns, each, here, family.copies)
        tensors = [
            torch.as_tensor(np.array(np.broadcast_to(c, 500), np.float32)) for c in (*terms.hidden, *terms.added)
        ]
        parameters = {name: torch.tensor(value) for name, value in found.sets[key].parameters.items()}
        here_too = family.units(tuple(tensors), parameters, torch).numpy()
        np.testing.assert_allclose(formula(family, found.sets[key].parameters, terms), here_too, rtol=2e-4)


def made_up(rows: int, kernel: str = "fa", **changes) -> Measurements:
    """Decoding on one chip whose times follow the formula with known parameters, and 2 % of noise."""
    random = np.random.default_rng(3)
    columns = {
        "sequences": 2.0 ** random.integers(0, 9, rows),
        "tokens": np.ones(rows),
        "context": np.exp(random.uniform(0, 11, rows)).round(),
        "heads": 2.0 ** random.integers(3, 7, rows),
        "kv_heads": 2.0 ** random.integers(0, 4, rows),
        "head_dim": np.full(rows, 128.0),
        "window": np.zeros(rows),
    } | changes
    part = Measurements(
        family="attention",
        set_name="made up",
        licence="none",
        source=Source(kind=Evidence.ASSUMED, ref="the formula"),
        columns=spread(chip="h100-sxm", stack="vllm 1.0", implementation=kernel, phase="decode", kv_format="bf16",
                       activation_format="bf16", seconds=1e-3, **columns),
    )  # fmt: skip
    some = DECODE.read(part).columns
    here = facts(chip("h100-sxm"), "bf16")
    known = DECODE.starts | {"memory": 1.2, "launch": 1.7, "rows_64": 0.4}
    terms = DECODE.terms(some, bytes_of(DECODE.scheme("bf16/bf16")), here, DECODE.copies)
    seconds = formula(DECODE, known, terms) * unit_s(here) * np.exp(0.02 * random.standard_normal(rows))
    return Measurements(
        family="attention", set_name="made up", licence="none", source=part.source,
        columns={**part.columns, "seconds": seconds.astype(float)},
    )  # fmt: skip


def test_a_short_fit_recovers_known_parameters():
    pytest.importorskip("torch")
    part = made_up(12_000)
    found = fit_operators(DECODE, [part], seed=0, steps=150)
    (score,) = (one.held_out for one in found.sets.values())
    assert score["mape"] < 8
    assert 82 < score["inside"] < 97  # the band stands on some 200 rows
    predicted = predict_rows(DECODE, part, found=found)
    assert 0.85 < np.isfinite(predicted).mean() < 0.95  # what the fit saw is left out
    known = np.isfinite(predicted)
    assert np.mean(np.abs(predicted / part.measured - 1)[known]) < 0.08


def test_what_was_measured_twice_is_one_row_with_the_median():
    part = made_up(2000)
    twice = Measurements(
        family=part.family, set_name=part.set_name, licence=part.licence, source=part.source,
        columns={name: np.concatenate([column, column, column]) if name != "seconds" else
                 np.concatenate([column, 2 * column, 9 * column]) for name, column in part.columns.items()},
    )  # fmt: skip
    once, thrice = read_operator_rows(DECODE, [part], 0), read_operator_rows(DECODE, [twice], 0)
    assert len(once) == len(thrice) <= 2000
    np.testing.assert_array_equal(once.part, thrice.part)
    assert np.mean(thrice.seconds / once.seconds) == pytest.approx(2.0, rel=0.05)
    assert 0.85 < np.mean(once.part == HELD_OUT) < 0.95


def test_the_kernel_of_a_class_is_the_one_that_most_rows_took():
    parts = [made_up(300, "wide", head_dim=np.full(300, 256.0)), made_up(200, "narrow"), made_up(100, "other")]
    rows = read_operator_rows(DECODE, parts, 0)
    ((key, kernels),) = rows.kernels(range(3)).items()
    assert key == ("h100-sxm", "vllm 1.0", "bf16/bf16")
    assert set(kernels) == {"wide", "narrow"}  # every class of 128 had more rows of "narrow"
    assert nearest(kernels, 128 * 8 + 4)[1] == "narrow"
    assert nearest(kernels, 512 * 8 + 4)[1] == "wide"


def test_a_rule_finds_kernels_on_a_measured_chip_and_on_any_other():
    found = coefficients("attention-decode")
    code = 512 * 8 + 4
    keys, basis = kernel_sets(found, "h100-sxm", "vllm", "bf16/bf16", "", code)
    assert [key[2] for key in keys] == ["bf16/bf16 vllm_flash_attn_fa4"]
    assert basis == "calibrated"
    assert kernel_sets(found, "a40", "vllm", "bf16/bf16", "", code)[0] == []
    shared = shared_sets(found.unseen, found.kernels, "vllm", "bf16/bf16", "", code)
    assert ("vllm", "bf16/bf16 vllm_flash_attn_fa4") in shared
    assert {key[0] for key in shared} == {"vllm"}


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_without_tables_is_refused(tmp_path, name):
    with pytest.raises((InputError, MissingExtraError)):
        list(operator_tables(tmp_path, name))
