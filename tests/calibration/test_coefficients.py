"""The stored coefficients say where they come from and stand on the chips of the catalogue."""

import json
import re
from datetime import date

import pytest

from interlock.catalogue import DATA
from interlock.cost.calibrated.coefficients import SCHEMA, coefficients, read_coefficients, write_coefficients
from interlock.cost.calibrated.facts import facts
from interlock.cost.calibrated.product_terms import STARTS
from interlock.cost.calibrated.schemes import GROUPS, SCHEMES
from interlock.errors import InputError
from interlock.hardware import chip

FILES = sorted((DATA / "calibrations").glob("*.json"))


def test_every_group_of_schemes_has_a_file():
    assert [path.stem for path in FILES] == sorted(f"gemm-{group}" for group in GROUPS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_what_it_was_fitted_to(path):
    assert path.stat().st_size < 400_000
    data = json.loads(path.read_text(encoding="utf-8"))
    fit = data["fit"]
    assert data["schema"] == SCHEMA
    assert (fit["set"], fit["licence"], fit["seed"]) == ("aiconfigurator", "Apache-2.0", 0)
    assert fit["source"].startswith("aiconfigurator-core 0.12.0")
    assert date.fromisoformat(fit["date"]).year >= 2026
    rows = fit["rows"]
    assert 0.09 < (rows["train"] + rows["bands"]) / sum(rows.values()) < 0.11  # a tenth was seen
    assert data["parameters"] == list(STARTS)
    assert {key.split("|")[2] for key in data["sets"]} == set(fit["schemes"]) <= set(SCHEMES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_fitted_numbers_have_five_digits(path):
    text = path.read_text(encoding="utf-8").split('"network"')[1]
    digits = [re.sub(r"e.*|\D", "", number).lstrip("0") for number in re.findall(r"-?\d\.?\d*(?:e-?\d+)?", text)[:9000]]
    assert max(len(number) for number in digits) <= 5


@pytest.mark.parametrize("group", GROUPS)
def test_the_catalogue_still_holds_the_facts_that_were_fitted_at(group):
    for (name, scheme), fixed in coefficients("gemm", group).facts.items():
        assert facts(chip(name), SCHEMES[scheme].operand) == fixed, f"{name}: fit again"


def test_writing_what_was_read_changes_nothing(tmp_path):
    path = tmp_path / "again.json"
    write_coefficients(path, read_coefficients(FILES[0]))
    assert path.read_text(encoding="utf-8") == FILES[0].read_text(encoding="utf-8")


def test_a_file_of_another_schema_is_refused(tmp_path):
    path = tmp_path / "old.json"
    path.write_text('{"schema": 0}', encoding="utf-8")
    with pytest.raises(InputError, match="schema 0"):
        read_coefficients(path)
