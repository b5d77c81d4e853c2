"""Claims of papers as pairs: every side runs, gaps are paired, what was stopped goes on, tables read back."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from interlock.errors import UnknownNameError
from interlock.evidence.quality import all_records, keep
from interlock.lab.models.folder import ModelFolder
from interlock.lab.quality.asked import asked_technique
from interlock.lab.quality.comparisons import Compared, all_comparisons, chosen_comparisons, compare, measured_table
from interlock.lab.quality.study import Settings, Study
from interlock.report.measured_toml import measured_toml
from interlock.search.shipped_quality import MeasuredPair, MeasuredTable, shipped_tables

SETTINGS = Settings(tokens=512, calibration_tokens=256, questions=0, context=64)
SOME = ["kv-fp8", "lossless", "quarot-outliers"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, shipped: ModelFolder) -> Iterator[tuple[Study, Compared]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERLOCK_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("INTERLOCK_QUALITY", str(tmp_path_factory.mktemp("quality")))
        study = Study(shipped, SETTINGS)
        yield study, compare(study, chosen_comparisons(SOME))


def test_every_side_is_a_technique_that_runs():
    for name, each in all_comparisons().items():
        assert asked_technique(each.better).runs, name
        assert asked_technique(each.worse).runs, name
        assert (each.better, each.outliers) != (each.worse, 0.0), name


def test_the_gap_is_that_of_the_two_perplexities(compared: tuple[Study, Compared]):
    found = compared[1]
    assert [pair.name for pair in found.pairs] == SOME
    for pair in found.pairs:
        better, worse = (found.records[side, pair.outliers].figures for side in (pair.better, pair.worse))
        assert pair.gap[0] == pytest.approx(worse["perplexity"][0] / better["perplexity"][0] - 1)
        assert pair.gap[1] <= pair.gap[0] <= pair.gap[2]


def test_outliers_change_nothing_but_what_rounding_does(compared: tuple[Study, Compared]):
    found = compared[1]
    plain, stressed = (found.originals[outliers].figures["perplexity"][0] for outliers in (0.0, 64.0))
    assert stressed == pytest.approx(plain, rel=1e-5)
    assert found.originals[0.0].subject.key != found.originals[64.0].subject.key
    assert any("stress test" in note for note in found.originals[64.0].notes)


def test_what_was_measured_is_not_measured_again(compared: tuple[Study, Compared], monkeypatch: Any):
    found = compared[1]
    for record in [*found.originals.values(), *found.records.values()]:
        keep(record)  # where this test looks
    before = len(list(all_records()))
    monkeypatch.setattr(ModelFolder, "load", lambda self: pytest.fail("loaded again"))
    again = compare(Study(compared[0].folder, SETTINGS), chosen_comparisons(SOME))
    assert again.pairs == compared[1].pairs
    assert len(list(all_records())) == before


def test_a_table_reads_back_as_it_was_written(compared: tuple[Study, Compared]):
    table = measured_table(*compared)
    read = TypeAdapter(MeasuredTable).validate_python(tomllib.loads(measured_toml(table)))
    assert [row.technique for row in read.rows] == [row.technique for row in table.rows]
    assert read.pair("lossless").gap == pytest.approx(table.pair("lossless").gap, rel=1e-4)
    assert read.row("kv-fp8").effects == (("KVFormat", "fp8-e4m3"),)
    assert read.only(["kv-fp8"]).pairs == (read.pair("kv-fp8"),)


@pytest.mark.parametrize(
    ("gap", "said"),
    [((0.1, 0.05, 0.2), "holds"), ((-0.1, -0.2, -0.05), "the other way round"), ((0.0, -0.1, 0.1), "undecided")],
)
def test_a_verdict_needs_the_whole_interval(gap: tuple[float, float, float], said: str):
    assert MeasuredPair(name="a", what="", source="", better="b", worse="c", gap=gap).verdict == said


def test_an_unknown_comparison_is_refused():
    with pytest.raises(UnknownNameError, match="gptq-order"):
        chosen_comparisons(["gptq-ordr"])


def test_what_ships_was_measured_of_claims_that_are_made():
    claims = all_comparisons()
    for table in shipped_tables().values():
        assert table.test_tokens >= 4096
        for pair in table.pairs:
            claim = claims[pair.name]
            assert (pair.better, pair.worse, pair.outliers) == (claim.better, claim.worse, claim.outliers)
            better, worse = (table.row(side, pair.outliers) for side in (pair.better, pair.worse))
            assert pair.gap[0] == pytest.approx(worse.perplexity[0] / better.perplexity[0] - 1, rel=2e-3, abs=2e-4)


def test_the_command_shows_what_ships_without_measuring(capsys: Any, monkeypatch: Any, tmp_path: Path):
    from interlock.cli import main

    monkeypatch.setattr(ModelFolder, "load", lambda self: pytest.fail("loaded"))
    with pytest.raises(SystemExit) as stop:
        main(["lab", "compare", "--shipped", "--model", "nothing"])
    assert stop.value.code == 2
    assert "whose figures ship" in capsys.readouterr().err
