"""`interlock simulate`, `trace` and `policies` as a user meets them."""

from __future__ import annotations

import csv
import json
from itertools import pairwise

import pytest

ON = ("simulate", "--model", "llama-3.1-8b", "--chip", "h100-sxm")
LOAD = ("--trace", "azure-conv", "--requests", "300")


@pytest.fixture
def run(capsys):
    """Exit code, output and message of a command."""
    from interlock.cli import main

    def command(*arguments: str, code: int = 0) -> str:
        try:
            main(list(arguments))
            found = 0
        except SystemExit as stopped:
            found = int(stopped.code or 0)
        out, err = capsys.readouterr()
        assert found == code, err
        return err if code else out

    return command


def test_a_simulation_says_its_figures_in_three_sets_of_names(run):
    record = json.loads(run(*ON, *LOAD, "--slo", "ttft=1s,tpot=50ms", "--json"))["policies"]["sarathi-serve"]
    assert record["completed"] == 300
    assert record["vllm"]["median_ttft_ms"] == pytest.approx(record["ttft"]["p50"] * 1e3)
    assert record["aiperf"]["time_to_first_token"]["p99"] == pytest.approx(record["ttft"]["p99"] * 1e3)
    assert record["request_goodput"] <= record["request_throughput"]
    assert record["usd_per_million_tokens"] > 0
    assert record["joules_per_token"] > 0


def test_the_same_seed_gives_the_same_and_another_does_not(run):
    one, same, other = (run(*ON, *LOAD, "--json", "--seed", seed) for seed in ("1", "1", "2"))
    assert one == same != other


def test_policies_stand_side_by_side_within_eighty_columns(run):
    text = run(*ON, *LOAD, "--rate", "20", "--compare", "orca,vllm,sarathi-serve+vtc", "--slo", "ttft=1s")
    assert all(name in text for name in ("orca", "vllm", "sarathi-serve+vtc"))
    assert max(map(len, text.splitlines())) <= 80


def test_capacity_is_the_highest_rate_that_meets_the_limits(run):
    flags = ("--slo", "ttft=500ms,tpot=12ms", "--find-capacity", "--rate", "1..400", "--json")
    found = json.loads(run(*ON, *LOAD, *flags))["policies"]["sarathi-serve"]
    assert 1 < found["rate"] < 400
    assert found["metrics"]["within_slo"] >= 0.9
    missed = [point["rate"] for point in found["tried"] if point["within_slo"] < 0.9]
    assert min(missed) / found["rate"] < 1.02
    assert all(point["within_slo"] >= 0.9 for point in found["tried"] if point["rate"] < min(missed))


def test_files_hold_the_requests_the_figures_and_the_trace(run, tmp_path):
    rows, trace, table = tmp_path / "r.csv", tmp_path / "t.json", tmp_path / "f.csv"
    run(*ON, *LOAD, "--save-requests", str(rows), "--chrome-trace", str(trace), "--csv", str(table), "--replicas", "2")
    with rows.open() as file:
        read = list(csv.DictReader(file))
    assert len(read) == 300
    assert all(float(row["arrival_s"]) <= float(row["first_token_s"]) <= float(row["finish_s"]) for row in read)
    slices = [event for event in json.loads(trace.read_text())["traceEvents"] if event["ph"] == "X"]
    for p in (0, 1):
        mine = sorted((event["ts"], event["ts"] + event["dur"]) for event in slices if event["pid"] == p)
        assert all(end <= begin + 1e-3 for (_, end), (begin, _) in pairwise(mine))
    assert sum(event["args"]["prompt_tokens"] for event in slices) == sum(int(row["input_tokens"]) for row in read)
    with table.open() as file:
        assert next(csv.DictReader(file))["policy"] == "sarathi-serve"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--policy", "vlm"), "did you mean vllm"),
        (("--slo", "ttft=fast"), "--slo"),
        (("--slo", "speed=1s"), "ttft, tpot and e2el"),
        (("--slo", "ttft=0s"), "above 0"),
        (("--rate", "0"), "--rate"),
        (("--rate", "5..1"), "the lower one first"),
        (("--rate", "1..9"), "--find-capacity with a range"),
        (("--find-capacity",), "no --slo"),
        (("--find-capacity", "--slo", "ttft=1s"), "a range of rates"),
        (("--rate", "1,nan"), "above 0"),
        (("--rate", "1,,2"), "separated by commas"),
        (("--jobs", "0"), "--jobs"),
        (("--seeds", "0"), "--seeds"),
        (("--rate", "2,4", "--save-requests", "x.csv"), "several simulations"),
        (("--tensor-parallel-size", "3"), "parallelism"),
        (("--max-model-len", "50"), "at most 50 positions"),
        (("--kv-tokens", "100"), "KV cache holds"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_line(run, flags, words):
    told = run(*ON, *LOAD, *flags, code=2)
    assert words in told
    assert len(told.strip().splitlines()) == 1


def test_weights_that_leave_no_room_are_refused(run):
    told = run("simulate", "--model", "llama-3.1-70b", "--chip", "h100-sxm", *LOAD, code=2)
    assert "room for a cache" in told


def test_a_trace_is_made_described_and_converted(run, tmp_path):
    made, turned = tmp_path / "made.jsonl", tmp_path / "turned.csv"
    run("trace", "make", "mooncake", "--requests", "500", "--out", str(made))
    record = json.loads(run("trace", "describe", str(made), "--json"))
    assert (record["format"], record["requests"]) == ("Mooncake", 500)
    assert 0.1 < record["shared_tokens"] < 0.9
    run("trace", "convert", str(made), "--out", str(turned), "--rate", "10")
    again = json.loads(run("trace", "describe", str(turned), "--beside", "mooncake", "--json"))
    assert again["rate"] == pytest.approx(10.0, rel=1e-3)
    assert again["prompt"] == record["prompt"]
    assert again["distance"]["prompt"] < 0.2
    text = run(*ON[:1], "--model", "llama-3.1-8b", "--chip", "h100-sxm", "--trace", str(turned))
    assert "500 requests" in text


def test_policies_and_traffic_are_listed(run):
    assert {"vllm", "vtc", "paged", "swap", "power-of-two"} <= {
        row["name"] for row in json.loads(run("policies", "--json"))
    }
    assert "azure-conv" in run("trace", "list")
