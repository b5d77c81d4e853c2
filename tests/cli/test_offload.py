"""`interlock offload`: what it prints, and what it refuses."""

import pytest

pytest.importorskip("scipy")

T4 = ("offload", "--model", "opt-1.3b", "--chip", "t4")


def test_a_record_says_where_everything_lies(run):
    record = run(*T4, "--device-memory", "2GB", "--host-memory", "4GB", "--batch", "4", "--prompt", "64", "--json").json
    assert record["problems"] == []
    assert sum(record["shares"].values()) == pytest.approx(3.0)
    assert record["shares"]["wd"] == 0
    assert record["batch"] == 4
    slowest = max(record["prefill_s"].values()) + 31 * max(record["decode_step_s"].values())
    assert record["seconds"] == pytest.approx(slowest)
    assert record["tokens_per_s"] == pytest.approx(4 * 32 / slowest)


def test_what_does_not_fit_says_what_is_missing(run):
    result = run("offload", "--model", "opt-175b", "--chip", "t4", "--batch", "1")
    assert result.code == 1
    assert "more host memory needed" in result.out


@pytest.mark.parametrize("method", ["zero-inference", "accelerate"])
def test_streaming_methods_find_the_largest_batch_that_fits(method, run):
    small = (*T4, "--device-memory", "3GB", "--host-memory", "4GB", "--method", method, "--json")
    found = run(*small)
    assert found.code == 0
    assert run(*small, "--batch", str(2 * found.json["batch"])).code == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--percent", "1,2"), "--percent"),
        (("--percent", "a,b"), "--percent"),
        (("--percent", "90,20,0,0,0,0"), "--percent"),
        (("--cpu-attention", "maybe"), "--cpu-attention"),
        (("--method", "flexgn"), "did you mean flexgen"),
        (("--disk", "1TB"), "--disk-read"),
        (("--host-memory", "-1GB"), "--host-memory"),
        (("--link", "0GB/s"), "--link"),
        (("--batch", "5", "--gpu-batch-size", "2"), "multiple of --gpu-batch-size"),
        (("--output", "9999"), "positions"),
        (("--processor", "nothing-lake"), "--processor"),
        (("--weight-format", "int5"), "--weight-format"),
    ],
)
def test_what_is_not_accepted_is_one_line(flags, said, run):
    result = run(*T4, *flags)
    assert result.code == 2
    assert said in result.err
    assert result.err.count("\n") == 1


def test_a_model_that_does_not_generate_is_refused(run):
    result = run("offload", "--model", "bert-base", "--chip", "t4", "--prompt", "128", "--output", "1")
    assert result.code == 2
    assert "only decoders that generate" in result.err
