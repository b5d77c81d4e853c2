"""Products of chips that are priced by parameters in which neither they nor their siblings had a part."""

import json
from dataclasses import replace

import numpy as np
import pytest

from interlock.cost.calibrated.left_out import LeftOut, left_out, predict_left_out, read_left_out, write_left_out
from interlock.cost.fitting.gemm import FAMILIES
from interlock.cost.fitting.left_out import fit_left_out
from interlock.errors import InputError
from interlock.hardware import chip

from .test_fitting import made_up


def test_every_fitted_family_has_parameters_without_it():
    assert tuple(left_out().families) == FAMILIES
    assert left_out().without(chip("h200-sxm")) == left_out().without(chip("h100-sxm"))
    assert left_out().without(chip("h100-sxm")) != left_out().without(chip("l40s"))
    assert left_out().without(chip("mi300x")) == {}


@pytest.fixture
def one_thread():
    """Several threads add up in any order, which changes the last digits."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_a_family_is_fitted_without_its_rows():
    here, there = made_up(4000), made_up(4000)
    slow = {**there.columns, "chip": np.full(4000, "a100-80g"), "seconds": there["seconds"] * 5.0}
    parts = [here, replace(there, columns=slow)]
    changed = [here, replace(there, columns={**slow, "seconds": there["seconds"] * 50.0})]
    one, other = (fit_left_out(each, steps=20) for each in (parts, changed))
    assert one.families["a100-80g",] == other.families["a100-80g",]
    assert one.families["h100-sxm", "h200-sxm"] != other.families["h100-sxm", "h200-sxm"]


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "left-out.json"
    write_left_out(path, left_out())
    assert read_left_out(path) == left_out()
    path.write_text(json.dumps({"schema": 2}))
    with pytest.raises(InputError, match="schema 2"):
        read_left_out(path)


@pytest.mark.parametrize(("name", "most"), [
    ("a100-80g", 12), ("h100-sxm", 12), ("h200-sxm", 12), ("b200-sxm", 12), ("l40s", 21), ("rtx-pro-6000-server", 16),
])  # fmt: skip
def test_the_error_on_a_chip_that_had_no_part(measured, name, most):
    part = measured.where((measured["chip"] == name) & (measured["weight_format"] == "bf16"))
    error = np.abs(predict_left_out(part) / part.measured - 1.0)
    assert np.isfinite(error).all()
    assert 100 * error.mean() < most


def test_a_chip_that_was_never_fitted_is_not_left_out(measured):
    part = measured.where(measured["chip"] == "h100-sxm")
    assert np.isnan(predict_left_out(part, LeftOut(fit={}, families={}))).all()
