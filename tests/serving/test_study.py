"""Many simulations: bands, rates and seeds; the same wherever they are done; what is done is not done again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from interlock.errors import InputError
from interlock.hardware.installed import find as find_chip
from interlock.models import model, scheme
from interlock.parallel import Parallelism
from interlock.serving import study
from interlock.serving.clock import knots
from interlock.serving.comparison import capacities, compare
from interlock.serving.deployment import deployment
from interlock.serving.runs import Run, Setting, find, name_of
from interlock.serving.simulation import Engine
from interlock.serving.study import Means, answers, once
from interlock.workloads.load import Load
from interlock.workloads.traffic import traffic


@pytest.fixture(scope="module")
def setting() -> Setting:
    on = deployment(
        model("llama-3.1-8b"), find_chip("h100-sxm", "--chip"), scheme(), Parallelism(), context=1000.0, max_num_seqs=64
    )
    engine = Engine(clock=on.clock, kv_tokens=on.kv_tokens, longest=2**14)
    load = Load(trace="azure-conv", count=120)
    return Setting(on=on, engine=engine, load=load, limits={"ttft": 1.0, "tpot": 0.05}, max_num_seqs=64)


RUNS = [Run(policy=rule, rate=rate, seed=seed) for rule in ("vllm", "orca") for rate in (5.0, 20.0) for seed in (0, 1)]


def test_a_slow_clock_is_never_faster(setting):
    likely, fast, slow = (setting.on.clocks.likely, setting.on.clocks.fast, setting.on.clocks.slow)
    for decodes, context, chunks in ((1, 500, []), (32, 40_000, []), (0, 0, [(1000, 0)]), (16, 9_000, [(512, 1024)])):
        ends = [clock.step_s(decodes, context, chunks) for clock in (fast, likely, slow)]
        assert ends[0] < ends[1] < ends[2]


def test_pure_steps_have_the_band_of_the_cost_model(setting):
    from interlock.cost import Chips
    from interlock.cost.stack import usual_stack
    from interlock.inference import price_step
    from interlock.models import Formats, Step

    on = setting.on
    columns = Chips.calibrated(on.chip).run_by(usual_stack(on.chip.category))
    mean, prompt = float(knots(16, 2**14)[20]), int(knots(1, 2**14, 2**0.125)[60])
    for step, asked in (
        (Step(decode_sequences=16.0, decode_context=mean), (16, 16 * mean, [])),
        (Step(prefill_sequences=1.0, prefill_tokens=float(prompt)), (0, 0, [(prompt, 0)])),
    ):
        cost = price_step(on.model, step, Formats.of(on.scheme), on.parallelism, columns)
        assert on.clocks.fast.step_s(*asked) == pytest.approx(float(cost.low), rel=1e-6)
        assert on.clocks.slow.step_s(*asked) == pytest.approx(float(cost.high), rel=1e-6)


def test_bands_hold_the_figure_and_runs_are_told_apart(setting):
    found = compare(setting, RUNS)
    assert len({each.label for each in found}) == len(RUNS)
    for each in found:
        low, high = each.ends("ttft.p99")
        assert low <= each.metrics.ttft.p99 <= high
    alone = compare(setting, RUNS[:1], band=False)[0]
    assert alone.metrics == found[0].metrics
    assert alone.ends("ttft.p99") is None


def test_results_are_the_same_wherever_they_are_done(setting):
    here = compare(setting, RUNS)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as two, ThreadPoolExecutor(2) as threads:
        assert compare(setting, RUNS, means=Means(executor=two)) == here
        assert compare(setting, RUNS[:2], means=Means(executor=threads)) == compare(setting, RUNS[:2])


def test_capacities_are_those_of_one_search_after_the_other(setting):
    runs = [Run(policy="vllm"), Run(policy="sarathi-serve")]
    here = capacities(setting, runs, 5.0, 40.0, share=0.9)
    with ThreadPoolExecutor(2) as threads:
        assert capacities(setting, runs, 5.0, 40.0, share=0.9, means=Means(executor=threads)) == here
    low, high = here["vllm"].ends
    assert low <= here["vllm"].likely.rate <= high


def test_what_was_kept_is_not_done_again(setting, tmp_path, monkeypatch):
    means = Means(folder=tmp_path / "kept")
    runs = [replace(run, history=True) for run in RUNS[:2]]
    first = compare(setting, runs, means=means)
    assert len(list((tmp_path / "kept").glob("*.json"))) == 3 * len(runs)
    monkeypatch.setattr(study, "find", None)
    assert compare(setting, runs, means=means) == first


def test_a_key_names_everything_that_a_result_depends_on(setting, tmp_path):
    run = RUNS[0]
    file = tmp_path / "trace.csv"
    file.write_text("arrival_s,prompt,output\n0,10,10\n1,10,10\n")
    other = tmp_path / "other.csv"
    other.write_text("arrival_s,prompt,output\n0,10,10\n1,10,11\n")
    slow = replace(setting.on, clocks=replace(setting.on.clocks, likely=setting.on.clocks.slow))
    names = [
        name_of(setting, run),
        name_of(setting, replace(run, seed=7)),
        name_of(setting, replace(run, pace="slow")),
        name_of(replace(setting, limits={"ttft": 2.0}), run),
        name_of(replace(setting, on=slow), run),
        name_of(replace(setting, engine=replace(setting.engine, kv_tokens=9_999)), run),
        name_of(replace(setting, load=replace(setting.load, count=121)), run),
        name_of(replace(setting, load=Load(trace=str(file))), run),
        name_of(replace(setting, load=Load(trace=str(other))), run),
        name_of(replace(setting, load=Load(given=traffic("azure-conv", count=5))), run),
        name_of(replace(setting, load=Load(given=traffic("azure-conv", count=6))), run),
    ]
    assert len(set(names)) == len(names)
    assert name_of(setting, replace(run)) == names[0]


def test_a_half_written_file_is_done_again(setting, tmp_path):
    means = Means(folder=tmp_path)
    first = compare(setting, RUNS[:1], band=False, means=means)
    path = next(tmp_path.glob("*.json"))
    path.write_text(path.read_text()[:100])
    assert compare(setting, RUNS[:1], band=False, means=means) == first
    assert json.loads(path.read_text())["metrics"]["completed"] == 120


def test_given_requests_are_stretched_to_a_rate(setting):
    given = replace(setting, load=Load(given=traffic("azure-conv", count=50)))
    found = find(given, Run(policy="vllm", rate=3.0)).metrics
    assert found.request_rate == pytest.approx(3.0)


def test_a_refusal_comes_back_whole_from_another_process(setting):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as one, pytest.raises(InputError) as told:
        answers(setting, {0: once(Run(policy="vlm"))}, Means(executor=one))
    assert "did you mean vllm" in str(told.value)


COMMAND = (
    "simulate", "--model", "llama-3.1-8b", "--chip", "h100-sxm", "--trace", "azure-conv", "--requests", "400",
    "--rate", "5,10,15,20", "--compare", "vllm,orca,sarathi-serve", "--no-band", "--json",
)  # fmt: skip


def command(*more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "interlock", *COMMAND, *more], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def finished(process: subprocess.Popen[str]) -> dict:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(out)


@pytest.mark.slow
def test_a_sweep_that_is_killed_loses_no_finished_run(tmp_path):
    """kill -9 at three moments; whoever goes on starts from what was on the disk, and ends with the same figures."""
    folder = tmp_path / "study"
    kept: dict[Path, bytes] = {}
    for stop_at in (1, 4, 8):
        process = command("--resume", str(folder), "--jobs", "2")
        deadline = time.monotonic() + 240
        while len(list(folder.glob("*.json"))) < stop_at and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        now = {path: path.read_bytes() for path in folder.glob("*.json")}
        assert len(now) >= stop_at
        assert {path: now[path] for path in kept} == kept  # nothing finished was lost, or done again differently
        assert all(json.loads(text)["metrics"]["completed"] == 400 for text in now.values())
        stamps = {path: path.stat().st_mtime_ns for path in now}
        kept = now
    ended = finished(command("--resume", str(folder)))
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps  # and nothing was done again at all
    assert ended == finished(command())
    assert len(list(folder.glob("*.json"))) == 12
    assert not list(folder.glob(".*.part.*"))


@pytest.mark.slow
def test_the_same_sweep_on_a_real_cluster(setting):
    """Workers of a local Dask cluster are processes of their own, reached over TCP."""
    distributed = pytest.importorskip("distributed")
    here = compare(setting, RUNS)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = compare(setting, RUNS, means=Means(executor=client.get_executor(pure=False)))
        workers = {each["pid"] for each in client.run(lambda: {"pid": os.getpid()}).values()}
    assert there == here
    assert len(workers - {os.getpid()}) == 2


def test_history_is_that_of_the_likely_run_alone(setting):
    found = compare(setting, [replace(RUNS[0], history=True)])[0]
    assert found.finding.history is not None
    assert np.isfinite(found.finding.history.held[10])
