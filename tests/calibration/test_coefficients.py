"""The stored coefficients say where they come from and stand on the chips of the catalogue."""

import json
import re
from datetime import date

import pytest

from interlock.catalogue import DATA
from interlock.cost.calibrated import attention, experts, latent_attention, scan
from interlock.cost.calibrated.coefficients import SCHEMA, coefficients, read_coefficients, write_coefficients
from interlock.cost.calibrated.facts import facts
from interlock.cost.calibrated.product_terms import STARTS
from interlock.cost.calibrated.schemes import GROUPS, SCHEMES
from interlock.errors import InputError
from interlock.hardware import chip

FILES = [DATA / "calibrations" / f"gemm-{group}.json" for group in GROUPS]
OPERATORS = {
    family.name: family
    for family in (*attention.FAMILIES.values(), *latent_attention.FAMILIES.values(), experts.FAMILY, scan.FAMILY)
}
SHARED = [DATA / "calibrations" / f"{name}.json" for name in OPERATORS]


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


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.stem)
def test_a_file_of_the_shared_form_says_what_it_was_fitted_to(path):
    assert path.stat().st_size < 600_000
    data = json.loads(path.read_text(encoding="utf-8"))
    fit, rows = data["fit"], data["fit"]["rows"]
    assert (fit["set"], fit["licence"], fit["seed"]) == ("aiconfigurator", "Apache-2.0", 0)
    assert 0.09 < (rows["train"] + rows["bands"]) / sum(rows.values()) < 0.11
    assert data["parameters"] == list(OPERATORS[path.stem].starts)
    runs = {(*key.split("|")[:2], key.split("|")[2].split(" ")[0]) for key in data["sets"]}
    assert runs == {tuple(key.split("|")) for key in data["kernels"]}  # every set has shapes that choose it or another


@pytest.mark.parametrize("name", OPERATORS)
def test_the_catalogue_still_holds_the_facts_that_operators_were_fitted_at(name):
    family = OPERATORS[name]
    for (one, scheme), fixed in coefficients(name).facts.items():
        assert facts(chip(one), family.scheme(scheme.split(" ")[0]).operand) == fixed, f"{one}: fit again"


@pytest.mark.parametrize("path", [*FILES, *SHARED], ids=lambda path: path.stem)
def test_fitted_numbers_have_five_digits(path):
    text = path.read_text(encoding="utf-8").split('"network"')[1]
    digits = [re.sub(r"e.*|\D", "", number).lstrip("0") for number in re.findall(r"-?\d\.?\d*(?:e-?\d+)?", text)[:9000]]
    assert max(len(number) for number in digits) <= 5


@pytest.mark.parametrize("group", GROUPS)
def test_the_catalogue_still_holds_the_facts_that_were_fitted_at(group):
    for (name, scheme), fixed in coefficients("gemm", group).facts.items():
        assert facts(chip(name), SCHEMES[scheme].operand) == fixed, f"{name}: fit again"


@pytest.mark.parametrize("file", [FILES[0], SHARED[0]], ids=lambda path: path.stem)
def test_writing_what_was_read_changes_nothing(tmp_path, file):
    path = tmp_path / "again.json"
    write_coefficients(path, read_coefficients(file))
    assert path.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")


def test_a_file_of_another_schema_is_refused(tmp_path):
    path = tmp_path / "old.json"
    path.write_text('{"schema": 0}', encoding="utf-8")
    with pytest.raises(InputError, match="schema 0"):
        read_coefficients(path)
