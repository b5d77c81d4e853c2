"""`interlock validate`, end to end: a set in the format of its authors, every flag, every refusal."""

import csv
import gzip
import io
import json
import sys

import pytest

from interlock.cli import main

ROWS = [(m, n, k) for m in (1, 16, 256, 4096) for n in (1024, 8192) for k in (1024, 8192)]


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("INTERLOCK_DATA", raising=False)


@pytest.fixture
def run(capsys):
    def invoke(*arguments):
        try:
            main(["validate", *arguments])
            code = 0
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return invoke


@pytest.fixture
def data(tmp_path):
    """APEX+'s two tables with numbers made up here: products at a third of a V100's peak, after 10 us."""
    folder = tmp_path / "sets" / "apex_plus"
    folder.mkdir(parents=True)
    products = ["gpu,dtype,m,k,n,time(us)"]
    for m, n, k in ROWS:
        products.append(f"V100-PCIE-16GB,half,{m},{k},{n},{10 + round(6e-8 * m * n * k)}")
    (folder / "gemm_v100_fp16.csv.gz").write_bytes(gzip.compress("\n".join(products).encode()))
    collectives = ["system,collective,gpu,num_nodes,num_gpus_per_node,dtype,size(kb),time(us)"]
    sizes = (64, 1024, 16384)
    collectives += [f"H100-SXM-80GB,all_reduce,H100-SXM-80GB,1,8,half,{size},{20 + size / 200}" for size in sizes]
    (folder / "collectives.csv").write_text("\n".join(collectives) + "\n", encoding="utf-8")
    return folder.parent


def refused(outcome):
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert err.startswith("interlock: ")
    assert err.count("\n") == 1
    return err


def test_scores_on_80_columns(run, data):
    code, out, err = run("--data", str(data))
    assert (code, err) == (0, "")
    assert f"Predictions beside {len(ROWS) + 3} measurements of 1 set\n" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "MAPE" in out
    assert "first principles  no calibration yet" in out
    rows = {tuple(line.split()[:2]): line.split()[2:] for line in out.splitlines() if line.startswith(("gem", "col"))}
    assert rows["gemm", "first"][1:3] == [str(len(ROWS)), "100"]  # "first principles"
    assert rows["gemm", "calibrated"][0] == str(len(ROWS))
    assert rows["collective", "first"][1] == "3"
    assert rows["collective", "calibrated"][0] == "3"
    assert not any("fitted" in key for key in rows)


def test_the_variable_says_where_the_data_is(run, data, monkeypatch):
    monkeypatch.setenv("INTERLOCK_DATA", str(data))
    assert run() == run("--data", str(data))


@pytest.mark.parametrize("by", ["set", "chip", "stack", "format", "kernel"])
def test_families_are_cut_further(run, data, by):
    code, out, _ = run("--data", str(data), "--by", by)
    assert code == 0
    assert f"family, {by}" in out
    group = {"set": "apex_plus", "chip": "v100-pcie-16g", "stack": "cublas", "format": "fp16", "kernel": "fp16"}[by]
    assert f"\n  {group} " in out


def test_json_holds_what_the_text_says(run, data):
    code, out, err = run("--data", str(data), "--json", "--by", "chip", "--worst", "2")
    record = json.loads(out)
    assert (code, err) == (0, "")
    assert record["rows"] == len(ROWS) + 3
    assert record["predictors"][0] == {"name": "first principles", "calibration": "no calibration yet"}
    assert [each["name"] for each in record["predictors"]] == ["first principles", "calibrated"]
    first = [score for score in record["scores"] if score["predictor"] == "first principles"]
    assert [(s["family"], s["chip"], s["rows"]) for s in first] == [
        ("gemm", "v100-pcie-16g", len(ROWS)), ("collective", "h100-sxm", 3)
    ]  # fmt: skip
    assert len(record["worst"]) == 2
    assert record["worst"][0]["shape"]["m"] in (1, 16, 256, 4096)
    assert record["sets"][0]["licence"] == "MIT"


def test_the_worst_rows_are_listed_with_their_shape(run, data):
    _, out, _ = run("--data", str(data), "--families", "gemm", "--worst", "3")
    assert "Off by the largest factor" in out
    assert out.count("gemm         apex_plus v100-pcie-16g cublas fp16\n") == 3
    assert out.count(" measured, ") == out.count(" predicted (") == 3
    assert max(map(len, out.splitlines())) <= 80


def test_filters(run, data):
    _, out, _ = run("--data", str(data), "--sets", "apex_plus", "--families", "collective", "--chips", "h100-sxm")
    assert "Predictions beside 3 measurements of 1 set\n" in out
    assert "gemm" not in out


def test_files_are_written(run, data, tmp_path):
    pytest.importorskip("vl_convert")
    code, *_ = run("--data", str(data), "--by", "chip", "--csv", "scores.csv", "--html", "page.html")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "scores.csv").read_text("utf-8"))))
    first = [row["chip"] for row in rows if row["predictor"] == "first principles"]
    assert first == ["v100-pcie-16g", "h100-sxm"]
    assert "<h1>Predictions beside measurements</h1>" in (tmp_path / "page.html").read_text("utf-8")


def test_a_chip_is_left_out_of_its_own_prediction(run, data):
    code, out, err = run("--data", str(data), "--leave-out", "chip")
    assert (code, err) == (0, "")
    assert "collective" not in out.split("What predicts")[0]
    assert "chip left out" in out
    assert "Mean of the chips' errors, each chip left out" in out
    record = json.loads(run("--data", str(data), "--leave-out", "chip", "--json")[1])
    scores = {score["predictor"]: score for score in record["scores"]}
    assert scores["chip left out"]["predicted"] == 0  # a V100 had no part in any fit
    assert record["over_chips"] == {}


def test_peers_are_shown_for_the_rows_that_are_there(run, truth):
    code, out, err = run("--data", str(truth), "--sets", "megatron_seqpar", "--peers")
    assert (code, err) == (0, "")
    assert "Calculon" in out
    assert "GEMM" not in out
    assert max(map(len, out.splitlines())) <= 80
    record = json.loads(run("--data", str(truth), "--sets", "megatron_seqpar", "--peers", "--json")[1])
    (row,) = record["peers"]
    assert (row["rows"], row["predicted"], row["peer_error_ratio"]) == (8, 8, 0.0365)
    assert 0.05 < row["error_ratio"] < 0.13
    assert row["source"]


def test_no_data_says_where_to_get_some(run):
    err = refused(run())
    assert "--data: found nothing" in err
    assert "INTERLOCK_DATA" in err
    assert "docs/tutorial-validate.md" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], "--data: found 'nowhere'"),
        (["--data", "."], "none of the known sets"),
        (["--data", "sets", "--sets", "apex_pus"], "did you mean apex_plus"),
        (["--data", "sets", "--sets", "vidur"], "found no such folder"),
        (["--data", "sets", "--sets", "apex_plus,"], "names separated by commas"),
        (["--data", "sets", "--families", "gemmm"], "did you mean gemm"),
        (["--data", "sets", "--families", "scan"], "--families: found 'scan'"),
        (["--data", "sets", "--chips", "v100"], "v100-pcie-16g?"),
        (["--data", "sets", "--by", "colour"], "colour"),
        (["--data", "sets", "--leave-out", "chip", "--peers"], "--leave-out: found"),
        (["--data", "sets", "--leave-out", "stack"], "stack"),
        (["--data", "sets", "--worst", "-1"], "--worst: found -1"),
        (["--data", "sets", "--worst", "few"], "--worst: found 'few'"),
        (["--data", "sets", "--csv", "no/such/folder.csv"], "folder.csv"),
    ],
)
@pytest.mark.usefixtures("data")
def test_refusals(run, arguments, message):
    assert message in refused(run(*arguments))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace("time(us)", "time"), "time(us)"),
        (lambda text: text.replace("V100-PCIE-16GB", "B9000", 1), "row 2"),
        (lambda text: text + "\nV100-PCIE-16GB,half,1,1", "row 18"),
        (lambda text: text + "\nV100-PCIE-16GB,half,3,3,3,-5", "row 18"),
        (lambda text: text + "\nV100-PCIE-16GB,half,3,3,3,nan", "row 18"),
        (lambda text: text + "\n" + text.splitlines()[-1], "row 18"),
    ],
)
def test_malformed_data_is_one_line_that_names_the_file(run, data, spoil, message):
    path = data / "apex_plus" / "gemm_v100_fp16.csv.gz"
    path.write_bytes(gzip.compress(spoil(gzip.decompress(path.read_bytes()).decode()).encode()))
    err = refused(run("--data", str(data)))
    assert "gemm_v100_fp16.csv.gz" in err
    assert message in err


@pytest.mark.parametrize("bytes_", [b"", b"not gzip", gzip.compress(b"\xff\xfe\xff"), gzip.compress(b"x" * 999)[:20]])
def test_a_file_that_is_none_is_one_line(run, data, bytes_):
    (data / "apex_plus" / "gemm_v100_fp16.csv.gz").write_bytes(bytes_)
    assert "gemm_v100_fp16.csv.gz" in refused(run("--data", str(data)))


def test_progress_goes_to_standard_error_of_a_terminal_only(run, data):
    assert run("--data", str(data))[2] == ""
    assert not sys.stderr.isatty()
