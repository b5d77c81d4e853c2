"""`interlock measure` and `interlock calibrate` as a user meets them."""

import json

import numpy as np
import pytest

import interlock
from interlock.cost.calibrated import gemm_seconds

HEAD = "stack,weight_format,activation_format,m,n,k,latency_us"


def kernels(count=40, slower=2.0, chip="l40s"):
    """Lines of a file of an engine on which all takes longer."""
    random = np.random.default_rng(0)
    m, n, k = (np.round(np.exp(random.uniform(*np.log(e), count))) for e in ((1, 8192), (256, 16384), (256, 16384)))
    times = gemm_seconds(interlock.chip(chip), "vllm", "bf16", "bf16", m, n, k, 1.0).seconds * slower * 1e6
    return [f"mine,bf16,bf16,{a:g},{b:g},{c:g},{t:.6g}" for a, b, c, t in zip(m, n, k, times, strict=True)]


@pytest.fixture
def stored(tmp_path):
    def write(lines, head=HEAD):
        (tmp_path / "kernels.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")

    return write


def test_measuring_leaves_rows_and_a_chip_that_estimates_and_calibrate_take(run, tmp_path):
    found = run("measure", "--with", "numpy", "--threads", "1", "--budget", "0.3", "--json")
    assert (found.code, found.err) == (0, "")
    record = found.json
    assert record["machine"]["cores"] >= 1
    assert {row["judged"] for row in record["rows"]} == {True, False}
    assert all((tmp_path / path).is_file() for path in record["files"].values())
    shown = run("chips", "this-machine")
    assert shown.code == 0
    assert "measured here" in shown.out
    fp32 = ("--weight-format", "fp32", "--activation-format", "fp32", "--kv-cache-dtype", "fp32")
    ask = ("estimate", "--model", "gpt2", "--chip", "this-machine", *fp32, "--json")
    before = run(*ask).json
    assert before["tpot_s"] > 0
    assert before["times_stand_on"]["gemm"] == "first principles"
    fitted = run("calibrate", "--from", "this-machine", "--json")
    assert fitted.code == 0, fitted
    assert {one["scheme"] for one in fitted.json["sets"]} <= {"fp32", "fp64"}
    assert all(one["better"] == (one["held_out_mape"] < one["mape_before"]) for one in fitted.json["sets"])
    better = any(one["better"] and one["scheme"] == "fp32" for one in fitted.json["sets"])
    after = run(*ask).json
    assert after["times_stand_on"]["gemm"] == ("calibrated" if better else "first principles")
    assert (after["tpot_s"] != before["tpot_s"]) == better


def test_the_text_of_a_measurement_fits_a_terminal(run):
    found = run("measure", "--with", "numpy", "--threads", "1", "--budget", "0.1", "--out", "here", "--rows")
    assert (found.code, found.err) == (0, "")
    assert max(map(len, found.out.splitlines())) <= 80
    for word in ("predicted", "MAPE", "The chip", "here/chips/this-machine.toml"):
        assert word in found.out


def test_a_calibration_is_shown_stored_and_used(run, stored, tmp_path):
    stored(kernels())
    ask = ("mine", "bf16", "bf16", 256.0, 8192.0, 8192.0, 1.0)
    before = gemm_seconds(interlock.chip("l40s"), *ask).seconds
    found = run("calibrate", "--chip", "l40s", "--from", "kernels.csv")
    assert (found.code, found.err) == (0, "")
    assert max(map(len, found.out.splitlines())) <= 80
    for word in ("mine, bf16", "before", "after", "inside", "launch", "Stored in"):
        assert word in found.out
    assert (tmp_path / "interlock" / "calibrations" / "l40s.json").is_file()
    assert gemm_seconds(interlock.chip("l40s"), *ask).seconds > 1.4 * before


def test_a_dry_run_stores_nothing(run, stored, tmp_path):
    stored(kernels())
    record = run("calibrate", "--chip", "l40s", "--from", "kernels.csv", "--dry-run", "--json").json
    assert record["file"] is None
    (one,) = record["sets"]
    assert one["held_out_mape"] < one["mape_before"]
    assert 0.5 < one["band"][0] < 1.0 < one["band"][1] < 2.0
    assert set(one["parameters"]["launch"]) == {"before", "after"}
    assert not (tmp_path / "interlock").exists()


def test_what_is_shipped_stays_where_a_fit_is_no_better(run, stored, tmp_path):
    lines = [line.replace("mine", "vllm") for line in kernels(12, slower=1.0)]
    stored(lines)
    found = run("calibrate", "--chip", "l40s", "--from", "kernels.csv")
    assert found.code == 0
    assert "Left to what is shipped" in found.out
    assert not (tmp_path / "interlock").exists()


def changed(row, column, cell):
    """The lines with one cell changed; rows count as in the file."""
    lines = [line.split(",") for line in kernels(12)]
    lines[row - 2][HEAD.split(",").index(column)] = cell
    return [",".join(cells) for cells in lines]


REFUSED = {
    "a missing column": (lambda: kernels(12), HEAD.replace(",k,", ",depth,"), "a column 'k'"),
    "no unit": (lambda: kernels(12), HEAD.replace("latency_us", "latency"), "found latency; accepted: one column of"),
    "an unknown unit": (lambda: kernels(12), HEAD.replace("latency_us", "latency_weeks"), "latency_weeks"),
    "a negative time": (lambda: changed(5, "latency_us", "-3"), HEAD, "latency_us, row 5: found '-3'"),
    "no number": (lambda: changed(6, "latency_us", "fast"), HEAD, "latency_us, row 6: found 'fast'"),
    "half a row of a matrix": (lambda: changed(4, "m", "1.5"), HEAD, "m, row 4: found '1.5'"),
    "an unknown format": (lambda: changed(7, "weight_format", "fp17"), HEAD, "weight_format, row 7: found 'fp17'"),
    "a row twice": (lambda: [*kernels(12), kernels(12)[3]], HEAD, "row 14: found the same measurement as row 5"),
    "a format without a formula": (lambda: [line.replace("bf16", "int3") for line in kernels(12)], HEAD, "int3"),
    "too few rows": (lambda: kernels(4), HEAD, "4 rows of mine"),
    "no rows": (list, HEAD, "no rows"),
    "the wrong unit": (lambda: kernels(12), HEAD.replace("latency_us", "latency_ns"), "found"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_spoiled_file_ends_in_one_line(what, run, stored, tmp_path):
    lines, head, said = REFUSED[what]
    stored(lines(), head)
    found = run("calibrate", "--chip", "l40s", "--from", "kernels.csv")
    assert (found.code, found.out) == (2, "")
    assert len(found.err.splitlines()) == 1
    assert said in found.err
    assert not (tmp_path / "interlock").exists()


def test_rows_of_two_chips_are_refused_by_the_row(run, stored):
    lines = [f"l40s,{line}" for line in kernels(12)]
    lines[8] = lines[8].replace("l40s", "h100-sxm")
    stored(lines, f"chip,{HEAD}")
    assert "chip, row 10: found 'h100-sxm'; accepted: rows of one chip, l40s" in run(
        "calibrate", "--chip", "l40s", "--from", "kernels.csv"
    ).err  # fmt: skip


def test_a_unit_in_a_column_of_its_own_is_read_row_by_row(run, stored):
    plain = kernels(12)
    split = [f"{line},us" for line in plain[:6]]
    for line in plain[6:]:
        cells = line.split(",")
        split.append(",".join([*cells[:-1], f"{float(cells[-1]) / 1e3:.9g}", "ms"]))
    records = []
    for lines, head in ((plain, HEAD), (split, HEAD.replace("latency_us", "latency,unit"))):
        stored(lines, head)
        records.append(run("calibrate", "--chip", "l40s", "--from", "kernels.csv", "--dry-run", "--json").json["sets"])
    assert records[0][0]["mape_before"] == pytest.approx(records[1][0]["mape_before"], rel=1e-4)


ARGUMENTS = [
    (("calibrate", "--from", "kernels.csv"), "--chip: found nothing"),
    (("calibrate", "--from", "this-machine"), "no measurement of this-machine"),
    (("calibrate", "--from", "none.csv", "--chip", "l40s"), "none.csv"),
    (("calibrate", "--from", "x.csv", "--chip", "l40s", "--full"), "--full"),
    (("calibrate", "--from", "aiconfigurator", "--full", "--tables", "nowhere"), "--tables: found nowhere"),
    (("calibrate", "--from", "x.csv", "--chip", "l40s", "--copies", "0"), "--copies"),
    (("measure", "--threads", "100000"), "--threads"),
    (("measure", "--budget", "-1"), "--budget"),
    (("measure", "--end-to-end", "--with", "numpy"), "--end-to-end"),
    (("measure", "--with", "abacus"), "abacus"),
]


@pytest.mark.parametrize(("arguments", "said"), ARGUMENTS)
def test_arguments_that_are_not_accepted_end_in_one_line(arguments, said, run):
    found = run(*arguments)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_a_record_is_json_without_infinities(run, stored):
    stored(kernels())
    text = run("calibrate", "--chip", "l40s", "--from", "kernels.csv", "--copies", "1e9", "--json").out
    assert "Infinity" not in text
    assert json.loads(text)["chip"] == "l40s"
