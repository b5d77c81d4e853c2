"""The lab's commands as a user meets them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FEW = ("--tokens", "256", "--calibration-tokens", "256", "--questions", "4", "--context", "64")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    from interlock.cli import main

    def called(*arguments: str) -> tuple[int, str, str]:
        try:
            main(["lab", *arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return called


def test_quality_shows_the_original_the_technique_and_the_text(call: Any):
    code, out, _ = call("quality", "--technique", "rtn", "--bits", "3", "--group-size", "64", *FEW)
    assert code == 0
    for said in ("round-to-nearest bits=3 group_size=64", "the shipped sample", "KL divergence", "more perplexity"):
        assert said in " ".join(out.split())


def test_quality_as_json_has_both_and_says_the_same_twice(call: Any):
    arguments = ("quality", "--technique", "rtn", "--set", "bits=2", "--set", "group_size=32", "--json", *FEW)
    first, second = (call(*arguments)[1] for _ in range(2))
    assert first == second
    original, changed = json.loads(first)
    assert (original["technique"], changed["parameters"]["bits"]) == ("original", 2)
    assert changed["perplexity"] > original["perplexity"]
    assert changed["predicted_speedup"] > original["predicted_speedup"] == 1.0


def test_a_sweep_writes_a_table_and_a_page(call: Any, tmp_path: Path):
    pytest.importorskip("vl_convert")
    table, page = tmp_path / "sweep.csv", tmp_path / "sweep.html"
    code, out, _ = call(
        "sweep", "--techniques", "rtn", "--bits", "2,8", "--group-sizes", "64,100", "--csv", str(table), "--html",
        str(page), *FEW,
    )  # fmt: skip
    assert code == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["label"] for row in rows] == [
        "original", "round-to-nearest bits=2 group_size=64", "round-to-nearest bits=8 group_size=64",
    ]  # fmt: skip
    assert "Refused" in out
    assert "does not divide" in " ".join(out.split())
    assert "Quality against bits" in page.read_text()


def test_quantize_writes_a_folder_that_quality_reads(call: Any, tmp_path: Path):
    out = tmp_path / "out"
    code, said, _ = call(
        "quantize", "--technique", "rtn", "--bits", "4", "--group-size", "64", "--out", str(out), *FEW[2:4]
    )
    assert code == 0
    assert "transformers loads" in said
    assert json.loads((out / "interlock.json").read_text())["parameters"]["bits"] == 4
    assert call("quality", "--model", str(out), *FEW)[0] == 0
    assert call("quantize", "--technique", "rtn", "--out", str(out))[0] == 2


REFUSED = {
    ("quality", "--model", "nothing"): "'nothing'",
    ("quality", "--technique", "gtpq"): "did you mean gptq",
    ("quality", "--technique", "gptq", "--bits", "0", *FEW): "bits: found 0",
    ("quality", "--technique", "gptq", "--bits", "17", *FEW): "bits: found 17",
    ("quality", "--technique", "gptq", "--group-size", "100", *FEW): "does not divide",
    ("quality", "--technique", "gptq", "--set", "colour=red"): "'colour=red'",
    ("quality", "--tokens", "0"): "--tokens: found 0",
    ("quality", "--context", "3"): "at least 16 tokens",
    ("quality", "--calibration-tokens", "10000000"): "calibration text",
    ("quality", "--text", "nothing.txt"): "no such file",
    ("quality", "--chip", "nothing", *FEW): "--chip",
    ("sweep", "--bits", "4,x"): "whole numbers",
    ("pretrain", "--out", "new", "--text", "nowhere"): "0 text files",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_bad_input_is_one_line_and_code_2(call: Any, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: Any):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert REFUSED[arguments] in err
    assert err.count("\n") == 1
