"""The fit of every family at once: what it says of files, and that a failure leaves nothing behind."""

import pickle

import pytest

from interlock.catalogue import DATA
from interlock.cost.fitting.everything import LEFT_OUT, _jobs, _told, refit_all
from interlock.errors import InputError, MissingExtraError, UnknownNameError, UnsupportedError

FILES = sorted((DATA / "calibrations").glob("*.json"))


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != LEFT_OUT], ids=lambda path: path.stem)
def test_a_shipped_file_says_what_it_was_fitted_to_and_how_far_it_is_off(path):
    found = _told(path)
    assert found.after == found.before
    assert 0 < found.after < 15
    assert 85 < found.inside < 95
    assert found.seen < found.held_out / 5


def test_every_shipped_file_is_made_by_one_of_the_fits():
    made = {"gemm-wide", "gemm-narrow", "gemm-left-out", *_jobs()} - {"gemm"}
    assert {path.stem for path in FILES} == made


def test_tables_that_are_not_there_leave_nothing(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("pyarrow")
    to = tmp_path / "fits"
    to.mkdir()
    with pytest.raises(InputError, match="no "):
        refit_all(tmp_path, to, workers=1)
    assert list(to.iterdir()) == []


@pytest.mark.parametrize("error", [
    InputError("a.csv", "'x'", "a number", "m, row 2"), UnknownNameError("chip", "h10", ["h100"]),
    UnsupportedError("no formula"), MissingExtraError("fitting", "calibrate"),
], ids=lambda error: type(error).__name__)  # fmt: skip
def test_an_error_comes_out_of_another_process_as_it_was_raised(error):
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is type(error)
    assert (str(found), found.__dict__) == (str(error), error.__dict__)
