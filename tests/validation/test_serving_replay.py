"""Measured serving runs replayed: how far the figures are, and that the parts do what they say."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest

from interlock.cli import main
from interlock.cost import Chips
from interlock.cost.parameters import table
from interlock.errors import InputError, UnknownNameError
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.models import Formats, decode, model, prefill, scheme
from interlock.parallel import Parallelism
from interlock.serving.clock import affine_clock, price_clock
from interlock.serving.metrics import latencies
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate
from interlock.validation.requests import stacks
from interlock.validation.serving.driven import drive, latencies_of
from interlock.validation.serving.profile import read_profile
from interlock.validation.serving.ragged_fit import MODELS, uneven, unpacked
from interlock.validation.serving.replay import Beside, mean_error
from interlock.validation.serving.replays import SETS, errors, replay_record, replays
from interlock.validation.serving.service import largest_gap, service
from interlock.validation.serving.serving_published import rank_correlation
from interlock.workloads.requests import requests


@pytest.fixture(scope="module")
def rows(truth: Path) -> list[Beside]:
    there = [name for name in SETS if (truth / name).is_dir()]
    if len(there) < len(SETS):
        pytest.skip("some sets of serving runs are not here")
    return replays(truth)


def of(rows: list[Beside], set_name: str, clock: str = "", run: str = "") -> list[Beside]:
    return [row for row in rows if row.set_name == set_name and clock in row.clock and run in row.run]


def test_with_a_profile_of_the_kernels_vllm_runs_come_out_to_a_few_percent(rows: list[Beside]) -> None:
    found = of(rows, "llmservingsim", "profile")
    assert mean_error(found, "tpot_mean") < 0.02
    assert mean_error(found, "ttft_mean") < 0.05
    assert mean_error(found, "e2el_mean") < 0.04
    assert {row.run.split()[-1] for row in found} == {"RTX4090", "RTXPRO6000"}


def test_blind_they_come_out_nearer_than_the_best_peers(rows: list[Beside]) -> None:
    found = of(rows, "llmservingsim", "blind")
    for figure, most in (("ttft_mean", 0.13), ("tpot_mean", 0.06), ("e2el_mean", 0.08)):
        assert 0.0 < mean_error(found, figure) < most, figure


def test_one_run_calibrates_all_degrees_and_traces_of_a_70b_model(rows: list[Beside]) -> None:
    found = [row for row in of(rows, "apex_plus_e2e") if not row.knows.startswith("its own")]
    assert len({row.run for row in found}) == 12
    assert mean_error(found, "tpot_mean") < 0.10
    assert mean_error(found, "ttft_mean") < 0.25


@pytest.mark.xfail(reason="the stack's host time is fitted on 13 rows of other models, which do not show it: 23 %")
def test_stages_of_a_7b_model_are_near_blind(rows: list[Beside]) -> None:
    found = of(rows, "blis_h100_vllm", run="llama-2-7b")
    assert mean_error(found, "e2el_mean") < 0.15
    assert mean_error(found, "e2el_p99") < 0.30


def test_clients_are_served_as_measured_under_both_policies(rows: list[Beside]) -> None:
    for order in ("FCFS", "VTC"):
        found = [row for row in of(rows, "vtc_fairness", run=order) if row.figure.startswith("service of")]
        held_out = [abs(row.error_ratio) for row in found if not row.knows.startswith("its own")]
        assert len(held_out) > 20
        assert np.mean(held_out) < 0.10, order


@pytest.mark.xfail(reason="steady states of published tables keep their order to 0.915 since stacks price them")
def test_published_tables_keep_their_order(rows: list[Beside]) -> None:
    ranks = [row.predicted for row in of(rows, "serving_published") if row.figure.startswith("rank")]
    assert len(ranks) == 4
    assert min(ranks) > 0.92


def test_crowded_engines_come_out_as_published(rows: list[Beside]) -> None:
    crowded = of(rows, "serving_published", run="250 in flight")
    assert all(abs(row.error_ratio) < 0.15 for row in crowded)


def test_the_errors_leave_out_what_was_fitted_on(rows: list[Beside]) -> None:
    whole = errors(rows)
    assert {row.set_name for row in whole} == set(SETS)
    assert not any(
        row.knows.startswith("its own ") and row.set_name in ("apex_plus_e2e", "vtc_fairness") for row in whole
    )
    record = replay_record(rows)
    assert len(record["errors"]) == len(whole)
    assert {row["set_name"] for row in record["runs"]} == set(SETS)


def test_unknown_and_absent_sets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="vtc_fairness"):
        replays(tmp_path, ["vtc-fairnes"])
    with pytest.raises(InputError, match="no such folder"):
        replays(tmp_path, ["vtc_fairness"])
    with pytest.raises(InputError, match="none of the sets"):
        replays(tmp_path)


def test_the_command_prints_errors_and_what_the_clocks_had_seen(
    truth: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (truth / "serving_published").is_dir():
        pytest.skip("the set is not here")
    arguments = ["validate", "--replay", "--data", str(truth), "--sets", "serving_published"]
    for more in ([], ["--json"]):
        with contextlib.suppress(SystemExit):
            main([*arguments, *more])
        printed = capsys.readouterr().out
        if more:
            assert {row["set_name"] for row in json.loads(printed)["errors"]} == {"serving_published"}
        else:
            assert "itl_mean" in printed
            assert "nothing of the runs" in printed


@pytest.mark.parametrize("kv_tokens", [4000, 1200])
def test_driving_the_scheduler_is_the_simulator(kv_tokens: int) -> None:
    rng = np.random.default_rng(0)
    come = requests(np.cumsum(rng.exponential(0.05, 80)), rng.integers(1, 300, 80), rng.integers(1, 200, 80))
    clock = affine_clock(base_s=2e-3, token_s=1.37e-5, sequence_s=2.11e-5, context_s=1.3e-7)
    rules = policy("sarathi-serve:token_budget=128+paged", max_num_seqs=16)
    jobs, steps = drive(come, rules, kv_tokens, lambda contexts, chunks: clock.step_s(
        contexts.size, float(contexts.sum()), chunks))  # fmt: skip
    outcome = simulate(come, Engine(clock=clock, kv_tokens=kv_tokens), rules)
    assert steps == outcome.replicas["all_steps"].sum()
    for name, column in latencies(outcome).items():
        assert np.allclose(latencies_of(jobs)[name], column, rtol=1e-9, equal_nan=True), name


def test_a_request_finds_its_own_blocks_again_after_preemption() -> None:
    come = requests(
        np.zeros(6), [64] * 6, [200] * 6, prefixes=[[row * 100 + at for at in range(4)] for row in range(6)],
        prefix_tokens=16,
    )  # fmt: skip
    clock = affine_clock(base_s=2e-3, token_s=1e-4)

    def price(contexts: np.ndarray, chunks: list[tuple[int, int]]) -> float:
        return clock.step_s(contexts.size, float(contexts.sum()), chunks)

    found = {
        name: drive(come, policy(f"sarathi-serve+{name}:watermark=0"), 800, price)[0]
        for name in ("paged", "prefix-cache")
    }
    assert any(job.preempted and job.cached for job in found["prefix-cache"])
    assert not any(job.cached for job in found["paged"])
    assert all(job.made == 200 for jobs in found.values() for job in jobs)


def test_a_profile_is_read_at_its_own_points(truth: Path) -> None:
    if not (truth / "llmservingsim").is_dir():
        pytest.skip("no profile here")
    found = read_profile(truth / "llmservingsim", "RTX4090", "meta-llama/Llama-3.1-8B", layers=32)
    assert np.all(np.isfinite(found.attention))
    even = found.seconds(np.full(128, 512.0), [])
    assert found.seconds(np.concatenate([np.full(64, 256.0), np.full(64, 768.0)]), []) > even
    assert found.seconds(np.full(128, 512.0), [(512, 0)]) > even + found.seconds(np.empty(0), [(512, 0)]) * 0.5


def test_a_clock_under_a_stack_is_the_price_of_its_steps() -> None:
    stack, on, read = stacks("stacks_fitted")["vllm"], chip("h100-sxm"), model("llama-3.2-1b")
    cut, bare = Parallelism(tensor=2.0), Chips.calibrated(on)
    columns = bare.run_by(stack)
    with_stack, kernels = (
        price_clock(read, scheme(), cut, on, max_num_seqs=8, chips=one)
        for one in (columns, bare.run_by(stacks()["ideal"]))
    )
    for step, decodes, chunks in ((decode(4.0, 1024.0), 4, []), (prefill(1.0, 128.0), 0, [(128, 0)])):
        priced = price_step(read, step, Formats.of(scheme()), cut, columns).time
        assert with_stack.step_s(decodes, 1024.0 * decodes, chunks) == pytest.approx(float(priced), rel=0.02)
    both = with_stack.step_s(4, 4096.0, [(128, 0)]) - kernels.step_s(4, 4096.0, [(128, 0)])
    apart = sum(with_stack.step_s(*one) - kernels.step_s(*one) for one in ((4, 4096.0, []), (0, 0.0, [(128, 0)])))
    assert both < apart - 0.8 * stack.step_s  # one step takes the host's time once


def test_service_counts_prompts_at_the_first_token_and_the_rest_evenly() -> None:
    come = requests([0.0, 0.0], [100, 50], [11, 21], client=["a", "b"])
    curves = service(come, np.array([1.0, 2.0]), np.array([2.0, 4.0]), np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0]))
    assert curves[0].tolist() == [0.0, 102.0, 112.0, 122.0, 122.0, 122.0]
    assert curves[1].tolist() == [0.0, 0.0, 0.0, 52.0, 72.0, 92.0]
    assert largest_gap(curves) == 112.0


def test_rank_correlation_is_spearmans() -> None:
    assert rank_correlation(np.array([1.0, 2, 3, 4]), np.array([1.0, 10, 100, 1000])) == pytest.approx(1.0)
    assert rank_correlation(np.array([1.0, 2, 3, 4]), np.array([4.0, 3, 2, 1])) == pytest.approx(-1.0)
    tied = rank_correlation(np.array([1.0, 2, 2, 3, np.nan]), np.array([1.0, 2, 3, 4, 5]))
    assert tied == pytest.approx(0.9486833)


def test_what_unlike_sequences_cost_is_made_anew_from_other_models_and_holds_for_the_one_left_out(truth: Path) -> None:
    folder, shipped = truth / "llmservingsim", table("ragged")["flash-attention-2"]
    if not folder.is_dir():
        pytest.skip("the profiles are not here")
    others = tuple(name for name in MODELS if "Qwen" in name)
    split = float(shipped["unsplit"])
    assert unpacked(folder, "RTXPRO6000", others) == pytest.approx(shipped["unpacked"], abs=0.01)
    assert uneven(folder, "RTXPRO6000", others, unsplit=split) == pytest.approx(shipped["uneven"], abs=0.01)
    left_out = ("meta-llama/Llama-3.1-8B",)
    for device in ("RTXPRO6000", "RTX4090"):  # within a factor of 1.6 of a constant that was never shown them
        assert unpacked(folder, device, left_out) == pytest.approx(shipped["unpacked"], rel=0.6)
        assert uneven(folder, device, left_out, unsplit=split) == pytest.approx(shipped["uneven"], rel=0.6)
