"""The table of peers: a citation each, and errors worked out by hand."""

import numpy as np
import pytest

from interlock.evidence import Evidence
from interlock.evidence.measurement import FAMILIES
from interlock.files import read_toml
from interlock.validation import Comparison, Validation
from interlock.validation.peers import FILE, beside_peers, peer_predictors

DATA = read_toml(FILE)


@pytest.mark.parametrize("name", [name for name in DATA if name != "sources"])
def test_a_line_says_what_whose_and_how_far(name):
    entry = DATA[name]
    assert entry["family"] in FAMILIES
    assert set(entry["predictors"]) <= {each.name for each in peer_predictors()}
    assert 0 < entry["reach"] < 1
    assert ("peer" in entry) == ("peer_error" in entry)
    assert Evidence(DATA["sources"][name]["kind"])
    assert DATA["sources"][name]["ref"]


def test_errors_are_those_of_the_selected_rows(make):
    chips = np.array(["l40s", "l40s", "a100-80g", "arc-pro-b60"])
    part = make(set_name="aiconfigurator", chip=chips, seconds=np.ones(4), weight_format="bf16")
    predicted = {"chip left out": np.array([1.1, 1.3, 2.0, np.nan]), "calibrated": np.full(4, 3.0)}
    found = Validation(comparisons=(Comparison(measurements=part, predictions=predicted),), predictors=())
    rows = {row.name: row for row in beside_peers(found)}
    assert rows["GEMM bf16, L40S unseen"].error_ratio == pytest.approx(0.2)
    assert rows["GEMM bf16, L40S unseen"].reached is False
    assert rows["GEMM bf16, mean of unseen"].error_ratio == pytest.approx((0.2 + 1.0) / 2)  # of chips, not of rows
    assert rows["GEMM bf16, Arc B60 unseen"].error_ratio is None
    assert rows["GEMM bf16, Arc B60 unseen"].reached is None
    assert rows["GEMM bf16, A100"].error_ratio == pytest.approx(2.0)
    assert "attention decode, H100" not in rows
