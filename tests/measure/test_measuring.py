"""Measuring this machine for a moment: rows, the chip made of them, and files that the catalogue reads."""

import json

import numpy as np
import pytest

from interlock.cost.fitting.own_rows import own_rows
from interlock.errors import InputError, InterlockError
from interlock.evidence import Evidence
from interlock.hardware import chip
from interlock.measure import chip_toml, compared, machine_chip, measure, read_rows, rows_csv
from interlock.measure.run import answers


@pytest.fixture(scope="module")
def measured():
    done = []
    found = measure(library="numpy", threads=1, seconds=0.4, progress=lambda *step: done.append(step))
    assert done[-1][0] <= done[-1][1]
    return found


@pytest.fixture(scope="module")
def made(measured):
    return machine_chip(measured)


def test_rows_are_of_the_evidence_format_and_measured_here(measured):
    assert {part.family for part in measured.parts} == {"gemm", "elementwise"}
    for part in measured.parts:
        assert part.source.kind is Evidence.MEASURED_HERE
        assert set(part["chip"]) == {"this-machine"}
        assert np.all(part.measured > 0)
        assert np.all(part["median_seconds"] >= part.measured)


def test_sizes_are_spread_from_one_row_to_square_and_some_are_odd(measured):
    m, n, k = (measured.products[name] for name in ("m", "n", "k"))
    assert {"fp32", "fp64"} == set(measured.products["weight_format"])
    assert np.any(m == 1)
    assert np.any((m == n) & (n == k) & (m > 16))
    assert np.any((m > 1) & (m < 32) & (n > 64))
    assert np.any(n % 8 != 0)


def test_larger_products_do_not_get_faster_than_the_peak(measured, made):
    part = measured.products.where(measured.products["weight_format"] == "fp32")
    rate = 2 * part["m"] * part["n"] * part["k"] / part.measured
    assert made.chip.peak("fp32") == pytest.approx(
        rate[made.made_of[0][measured.products["weight_format"] == "fp32"]].max()
    )


def test_half_of_the_rows_judge_and_both_halves_are_told_apart(measured, made):
    found = compared(measured, made)
    judged = sum(line.judged for line in found.lines)
    assert 0.3 < judged / len(found.lines) < 0.6
    assert found.errors()[-1].rows == judged
    assert found.errors(judged=False)[-1].rows == len(found.lines) - judged
    assert all(line.predicted_s > 0 for line in found.lines)
    assert found.noise >= 1.0


def test_the_chip_suits_the_rows_that_made_it_better_than_a_chip_ten_times_as_fast(measured, made):
    from dataclasses import replace

    achieved = made.chip.achieved
    slow = {name: getattr(achieved, name) / 10 for name in ("matrix", "vector", "bandwidth")}
    wrong = replace(made, chip=replace(made.chip, achieved=replace(achieved, **slow)))
    assert compared(measured, made).errors(judged=False)[-1].mean < compared(measured, wrong).errors(False)[-1].mean


def test_the_stored_chip_is_the_chip(measured, made, tmp_path):
    path = tmp_path / "this-machine.toml"
    path.write_text(chip_toml(made.chip, measured), encoding="utf-8")
    read = chip(str(path))
    assert read.id == "this-machine"
    assert read.engines["matrix"].granule == made.chip.engines["matrix"].granule
    assert read.peak("fp32") == pytest.approx(made.chip.peak("fp32"), rel=1e-3)
    assert read.main.bandwidth == pytest.approx(made.chip.main.bandwidth, rel=1e-3)
    assert read.achieved.launch == pytest.approx(made.chip.achieved.launch, rel=1e-3)
    assert read.source_of("engines.matrix.peaks").kind is Evidence.MEASURED_HERE


def test_stored_rows_are_read_again_and_calibrate_takes_them(measured, made, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(rows_csv(measured.products), encoding="utf-8")
    np.testing.assert_allclose(read_rows(path).measured, measured.products.measured, rtol=1e-5)
    assert len(own_rows(path, made.chip)) == len(measured.products)


def test_the_same_seed_draws_the_same_sizes_and_half(measured, made):
    again = machine_chip(measured)
    assert all(np.array_equal(a, b) for a, b in zip(made.made_of, again.made_of, strict=True))
    assert again.chip == made.chip


@pytest.mark.parametrize(("options", "match"), [({"threads": 0}, "threads"), ({"seconds": 0.0}, "budget")])
def test_what_cannot_be_measured_is_refused(options, match):
    with pytest.raises(InputError, match=match):
        measure(library="numpy", **options)


def test_a_measuring_process_that_fails_says_why():
    with pytest.raises(InterlockError, match="measuring failed"):
        list(answers({"engine": "numpy", "threads": 1, "seconds": 0.1, "seed": 0, "buffer_bytes": "much"}))


def test_a_record_of_it_is_json(measured):
    json.dumps(dict(measured.about))
