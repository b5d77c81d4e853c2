"""Whatever is wrong with a trace or a flag: one line, exit code 2, nothing half-written; what cannot be met is said."""

from __future__ import annotations

import gzip
import json

import pytest

ON = ("simulate", "--model", "llama-3.1-8b", "--chip", "h100-sxm", "--no-band")
HEAD = "arrival_s,input_tokens,output_tokens\n"
GOOD = HEAD + "0,10,10\n1,10,10\n"
TRACES = {
    "negative time": (HEAD + "-1,10,10\n1,10,10\n", "0 or more"),
    "unsorted": (HEAD + "5,10,10\n1,10,10\n", "interlock trace convert"),
    "time that is no number": (HEAD + "nan,10,10\n1,10,10\n", "finite numbers"),
    "endless time": (HEAD + "inf,10,10\n", "finite numbers"),
    "length that is no number": (HEAD + "0,nan,10\n", "finite numbers"),
    "length in words": (HEAD + "0,ten,10\n", "number"),
    "negative length": (HEAD + "0,-5,10\n", "1 token or more"),
    "no prompt": (HEAD + "0,0,10\n", "1 token or more"),
    "no answer": (HEAD + "0,10,0\n", "1 token or more"),
    "part of a token": (HEAD + "0,1.5,10\n", "whole tokens"),
    "more tokens than there are": (HEAD + "0,1e300,10\n", "at most 1e8"),
    "longer than the context": (HEAD + "0,500000,10\n", "positions"),
    "nothing": ("", "at least one request"),
    "only a head": (HEAD, "at least one"),
    "other columns": ("a,b,c\n1,2,3\n", "arrival_s, input_tokens, output_tokens"),
    "semicolons": (GOOD.replace(",", ";"), "arrival_s, input_tokens, output_tokens"),
    "a field too few": (HEAD + "0,10,10\n1,10\n", "line 3"),
    "a field too many": (HEAD + "0,10,10\n1,10,10,9\n", "line 3"),
    "latin-1": (GOOD.replace("1,10", "1,caf\xe9").encode("latin-1"), "UTF-8"),
    "utf-16": (GOOD.encode("utf-16"), "UTF-8"),
    "binary": (bytes(range(256)) * 8, "UTF-8"),
}


@pytest.fixture
def run(capsys):
    from interlock.cli import main

    def command(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(list(arguments))
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return (code, *capsys.readouterr())

    return command


@pytest.mark.parametrize("fault", TRACES)
def test_a_trace_with_a_fault_ends_in_one_line(run, tmp_path, fault):
    content, words = TRACES[fault]
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = run(*ON, "--trace", str(path), "--html", str(tmp_path / "x.html"))
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert words in err
    assert not (tmp_path / "x.html").exists()


def test_files_cut_off_or_not_json_are_refused(run, tmp_path):
    (tmp_path / "cut.jsonl").write_text(
        '{"timestamp": 0, "input_length": 10, "output_length": 5, "hash_ids": [1]}\n{"ti'
    )
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress((HEAD + "0,10,10\n" * 1000).encode())[:60])
    (tmp_path / "open.json").write_text('{"a":')
    for name in ("cut.jsonl", "cut.csv.gz", "open.json", "absent.csv", "."):
        code, out, err = run(*ON, "--trace", f"{tmp_path}/{name}")
        assert (code, out) == (2, ""), name
        assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("content", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD + "\n\n"])
def test_marks_line_ends_and_empty_lines_of_other_systems_are_no_fault(run, tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode())
    code, out, _ = run(*ON, "--trace", str(path), "--json")
    assert code == 0
    assert json.loads(out)["policies"]["sarathi-serve"]["completed"] == 2


def test_a_request_larger_than_all_memory_is_refused(run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "0,90000,10\n")
    code, _, err = run(*ON, "--trace", str(path), "--kv-tokens", "50000")
    assert code == 2
    assert "KV cache holds" in err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--seed", "-1"), "--seed"),
        (("--clients", "0"), "--clients"),
        (("--max-model-len", "0"), "--max-model-len"),
        (("--prefill-replicas", "-1"), "--prefill-replicas"),
        (("--max-num-seqs", "1000000"), "from 1 to 8192"),
        (("--replicas", "1000000"), "from 1 to 10000"),
        (("--prompt", "0"), "--prompt"),
        (("--rate", "inf"), "above 0"),
        (("--rate", "1..inf", "--find-capacity", "--slo", "ttft=1s"), "above 0"),
        (("--cv", "nan"), "--cv"),
        (("--attain", "nan"), "--attain"),
        (("--step-overhead", "nan"), "--step-overhead"),
        (("--seeds", "1000000000"), "--seeds"),
    ],
)
def test_flags_that_make_no_sense_end_in_one_line(run, flags, words):
    code, out, err = run(*ON, "--trace", "azure-conv", "--requests", "20", *flags)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_limits_that_nothing_meets_are_a_result(run):
    load = ("--trace", "azure-conv", "--requests", "50", "--slo", "ttft=1ns", "--json")
    code, out, _ = run(*ON, *load)
    assert code == 0
    assert json.loads(out)["policies"]["sarathi-serve"]["within_slo"] == 0.0
    code, out, _ = run(*ON, *load, "--find-capacity", "--rate", "1..10")
    found = json.loads(out)["policies"]["sarathi-serve"]
    assert (code, found["rate"], found["metrics"]) == (0, 0.0, None)


def test_places_that_cannot_be_written_end_in_one_line(run, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    load = ("--trace", "azure-conv", "--requests", "20")
    for flag, place in (("--resume", file), ("--html", tmp_path), ("--csv", file / "x.csv")):
        code, _, err = run(*ON, *load, flag, str(place))
        assert code == 2, flag
        assert len(err.strip().splitlines()) == 1
    assert file.read_text() == ""


def test_rows_of_requests_are_written_only_when_asked_for(run, tmp_path):
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    load = ("--trace", "azure-conv", "--requests", "30")
    run(*ON, *load)
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / "rows.parquet"
    assert run(*ON, *load, "--save-requests", str(path))[0] == 0
    rows = parquet.read_table(path)
    assert rows.num_rows == 30
    assert {"arrival_s", "ttft_s", "e2e_s", "replica"} <= set(rows.column_names)
