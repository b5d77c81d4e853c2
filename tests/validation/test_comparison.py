"""What is compared, what is missing, what is worst; and the filters."""

import sys
from types import ModuleType

import numpy as np
import pytest

from interlock.errors import InputError, UnsupportedError
from interlock.evidence import sets
from interlock.evidence.measurement import FAMILIES
from interlock.validation import Predictor, first_principles, validate
from interlock.validation.report import scores_csv, validation_record
from interlock.validation.words import gap_text, percent, shape_text, share, signed, value_text


@pytest.fixture
def folder(make, monkeypatch, tmp_path):
    """A folder with one set that this test reads itself."""
    module = ModuleType(f"{sets.__name__}.made")
    module.read = lambda _: [
        make(seconds=[1.0, 2.0, 3.0], chip=["h100-sxm", "h100-sxm", "a100-80g"]),
        make("scan", seconds=[1.0]),
    ]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("interlock.evidence.store.set_names", lambda: ["made", "absent"])
    (tmp_path / "made").mkdir()
    return tmp_path


@pytest.fixture
def doubled():
    return Predictor(name="doubled", calibration="fitted on nothing", families={"gemm": lambda m: 2 * m.measured})


def test_everything_that_is_there_is_compared(folder, doubled):
    steps = []
    found = validate(folder, predictors=[doubled], progress=lambda done, total: steps.append(done / total))
    assert (found.rows, found.sets, found.families) == (4, ("made",), ("gemm", "scan"))
    assert [(s.family, s.rows, s.mean_error_ratio) for s in found.scores()] == [("gemm", 3, 1.0), ("scan", 1, None)]
    assert [(s.chip, s.rows) for s in found.scores("chip")] == [("a100-80g", 1), ("h100-sxm", 2), ("h100-sxm", 1)]
    assert steps == sorted(steps)
    assert steps[-1] == 1


def test_filters(folder, doubled):
    assert validate(folder, sets=["made"], families=["scan"], predictors=[doubled]).rows == 1
    found = validate(folder, chips=["a100-80g"], predictors=[doubled])
    assert (found.rows, found.families) == (1, ("gemm",))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"sets": ["mode"]}, r"--sets: found 'mode'; accepted: did you mean made\?"),
        ({"sets": ["absent"]}, r"absent: found no such folder"),
        ({"families": ["gem"]}, r"--families: found 'gem'; accepted: did you mean gemm\?"),
        ({"families": ["training"]}, r"--families: found 'training'; accepted: .*gemm, scan"),
        ({"chips": ["h100-smx"]}, r"--chips: found 'h100-smx'; accepted: did you mean h100-sxm"),
        ({"chips": ["a100-80g"], "families": ["scan"]}, r"--chips: found 'a100-80g'; accepted: did you mean h100-sxm"),
    ],
)
def test_what_is_not_there_is_refused(folder, doubled, wanted, message):
    with pytest.raises(InputError, match=message):
        validate(folder, predictors=[doubled], **wanted)


def test_a_folder_without_sets_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none of the known sets; accepted: a folder that holds \w+"):
        validate(tmp_path)


def test_what_is_not_predicted_is_said(some):
    gemm, scan = some.gaps()
    assert (gemm.family, gemm.quantity, gemm.rows, gemm.missing, dict(gemm.chips)) == (
        "gemm",
        "seconds",
        400,
        100,
        {"mi300x": 100},
    )
    assert gap_text(gemm) == "100 of 400 rows (mi300x 100)"
    assert gap_text(scan) == "all 400 rows; no prediction yet"


def test_what_is_faster_than_the_hardware_allows_is_said(compare, make):
    instant = make(m=[4096, 4096], n=4096, k=4096, chip="h100-sxm", seconds=[1e-9, 1.0])
    elsewhere = make(set_name="other", m=4096, n=4096, k=4096, seconds=[1.0])
    assert compare([instant, elsewhere]).doubtful() == (("gemm", "made", 1),)


def test_a_predictor_without_a_formula_predicts_nothing(make):
    def refuse(_):
        raise UnsupportedError("no formula")

    m = make("scan", seconds=[1.0, 2.0])
    assert np.isnan(Predictor(name="p", calibration="", families={"scan": refuse})(m)).all()
    assert np.isnan(Predictor(name="p", calibration="", families={})(m)).all()


def test_the_worst_are_off_by_the_largest_factor_up_or_down(compare, make):
    m = make(seconds=[1.0, 1.0, 1.0, 1.0], m=[1, 2, 3, 4])
    predicted = np.array([2.0, 0.1, 1.0, np.nan])
    found = compare([m], Predictor(name="p", calibration="", families={"gemm": lambda _: predicted}))
    assert [row.shape["m"] for row in found.worst(2)] == [2, 1]
    assert [row.ratio for row in found.worst(2)] == [0.1, 2.0]
    assert len(found.worst(10)) == 3
    assert found.worst(0) == ()
    assert shape_text(found.worst(1)[0]) == "m 2, n 1, k 1"


def test_a_prediction_of_zero_is_the_worst_of_all(compare, make):
    m = make(seconds=[1.0, 1.0])
    found = compare([m], Predictor(name="p", calibration="", families={"gemm": lambda _: np.array([1e6, 0.0])}))
    assert [row.predicted for row in found.worst(2)] == [0.0, 1e6]


def test_records_and_csv(some):
    record = validation_record(some, ("family", "chip"), worst=2)
    assert record["rows"] == 1240
    assert [told["set"] for told in record["sets"]] == ["made", "other"]
    assert sum(score["rows"] for score in record["scores"]) == some.rows
    assert len(record["worst"]) == 2
    assert {gap["family"] for gap in record["not_predicted"]} == {"gemm", "scan"}
    lines = scores_csv(some.scores("chip")).splitlines()
    assert lines[0].startswith("predictor,family,quantity,set,chip,stack,format,kernel,rows,predicted,coverage_ratio,")
    assert len(lines) == 1 + len(some.scores("chip"))


def test_first_principles_claim_no_calibration():
    found = first_principles()
    assert (found.name, found.calibration) == ("first principles", "no calibration yet")
    assert set(found.families) <= set(FAMILIES)


@pytest.mark.parametrize(
    ("ratio", "text"), [(None, ""), (0.0, "0.0"), (0.0314, "3.1"), (0.314, "31"), (31.4, "3,140"), (3e4, "3.0e+06")]
)
def test_percentages(ratio, text):
    assert percent(ratio) == text


def test_signs_and_shares():
    assert (signed(0.25), signed(-0.25), signed(None)) == ("+25", "-25", "")
    assert (share(1.0), share(0.99999), share(0.5), share(None)) == ("100", "99.9", "50", "")


@pytest.mark.parametrize(
    ("quantity", "text"),
    [("seconds", "1.5 ms"), ("ttft", "1.5 ms"), ("tokens_per_s", "0.0015"), ("power", "1.5 mW"), ("other", "0.0015")],
)
def test_values_have_the_unit_of_their_quantity(quantity, text):
    assert value_text(0.0015, quantity) == text
