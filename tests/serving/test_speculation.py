"""Drafting and verifying: the closed forms, what it gains in small batches and loses in large ones, its flags."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cost import Chips
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.inference.speculation import seconds_per_token, tokens_per_pass
from interlock.models import Formats, Step, model, scheme
from interlock.parallel import Parallelism
from interlock.serving.clock import affine_clock, price_clock
from interlock.serving.core.tables import decode_line, token_cost
from interlock.serving.metrics import measure
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate
from interlock.serving.speculation import Speculation
from interlock.workloads.requests import requests

BASE_S, DRAFT_S = 8e-3, 5e-4
PLAIN = affine_clock(base_s=BASE_S)


def engine(acceptance, *, plain=PLAIN, verify=PLAIN, draft=None, seed=0, **more):
    drafting = Speculation(
        acceptance=acceptance, verify=verify, draft=draft or affine_clock(base_s=DRAFT_S), seed=seed, **more
    )
    return Engine(clock=plain, kv_tokens=10**7, longest=10**6, speculation=drafting)


@given(share=st.floats(0.0, 0.99), drafts=st.integers(1, 12))
def test_tokens_a_pass_are_the_closed_form_of_the_paper(share, drafts):
    assert tokens_per_pass([share] * drafts) == pytest.approx((1 - share ** (drafts + 1)) / (1 - share))


def test_acceptance_by_position_counts_only_after_all_before_it():
    assert tokens_per_pass([0.5, 0.0, 1.0]) == 1.5


@pytest.mark.parametrize("acceptance", [(0.8,) * 4, (0.9, 0.5, 0.5), (0.3,) * 8])
def test_one_long_request_has_the_tokens_a_pass_and_the_pace_of_the_closed_form(acceptance):
    length = 60_000
    found = simulate(requests([0.0], [1], [length]), engine(acceptance), policy("vllm"), compiled=False)
    figures = measure(found)
    survive = np.cumprod(acceptance)
    variance = np.sum((2 * np.arange(len(acceptance)) + 1) * survive) - survive.sum() ** 2
    error = np.sqrt(variance / found.replicas["passes"].sum())
    assert figures.tokens_per_pass == pytest.approx(tokens_per_pass(acceptance), abs=4 * error)
    pace = seconds_per_token(acceptance, DRAFT_S, BASE_S)
    assert figures.tpot.mean == pytest.approx(pace, rel=4 * error / tokens_per_pass(acceptance) + 1e-3)


def test_a_gain_is_theorem_3_8():
    share, drafts, cost = 0.8, 5, DRAFT_S / BASE_S
    theorem = (1 - share ** (drafts + 1)) / ((1 - share) * (drafts * cost + 1))
    assert BASE_S / seconds_per_token([share] * drafts, DRAFT_S, BASE_S) == pytest.approx(theorem)


def test_an_answer_comes_in_the_same_pieces_whoever_runs_beside_it():
    rng = np.random.default_rng(1)
    prompts, outputs = rng.integers(5, 50, 30), rng.integers(5, 200, 30)
    alone = requests([0.0] * 30, prompts, outputs)
    drafting = engine((0.7,) * 4)
    beside = simulate(alone, drafting, policy("vllm"), compiled=False)
    serial = simulate(alone, drafting, policy("vllm", max_num_seqs=1), compiled=False)
    for column in ("passes", "accepted", "tokens"):
        assert beside.replicas[column].sum() == serial.replicas[column].sum()


def test_nothing_accepted_makes_the_tokens_of_plain_decoding_later():
    come = requests([0.0] * 3, [10, 20, 30], [50, 60, 70])
    plain = simulate(come, Engine(clock=PLAIN, kv_tokens=10**6), policy("vllm"), compiled=False)
    found = simulate(come, engine((0.0,) * 3), policy("vllm"), compiled=False)
    assert found.replicas["all_steps"].sum() == plain.replicas["all_steps"].sum()
    passes = found.replicas["all_steps"].sum() - 1
    assert found.finish_s.max() == pytest.approx(plain.finish_s.max() + (3 * passes + 1) * DRAFT_S)


@pytest.fixture(scope="module")
def h100():
    """A model with drafts of its small sister, and without."""
    one, cut = chip("h100-sxm"), Parallelism()
    plain = price_clock(model("llama-3.1-8b"), scheme(), cut, one)
    verify = price_clock(model("llama-3.1-8b"), scheme(), cut, one, queries=5)
    return plain, verify, price_clock(model("llama-3.2-1b"), scheme(), cut, one)


def makespan(h100, batch, **more):
    plain, verify, draft = h100
    come = requests([0.0] * batch, [256] * batch, [64] * batch)
    if not more:
        return simulate(come, Engine(clock=plain, kv_tokens=10**6), policy("vllm"), compiled=False).finish_s.max()
    on = engine((0.8,) * 4, plain=plain, verify=verify, draft=draft, **more)
    return simulate(come, on, policy("vllm"), compiled=False).finish_s.max()


def test_it_pays_in_small_batches_and_no_more_in_large_ones(h100):
    gains = [makespan(h100, batch) / makespan(h100, batch, seed=1) for batch in (1, 8, 64, 256)]
    assert gains[0] > 1.5
    assert gains[-1] < 0.9
    assert gains[1] > gains[2] > gains[3]


def test_drafting_only_in_small_batches_takes_the_loss_away(h100):
    plain, always, small = makespan(h100, 256), makespan(h100, 256, seed=1), makespan(h100, 256, seed=1, most=32)
    assert plain <= small < always
    reading = h100[2].step_s(0, 0, [(256, 0)] * 256)  # the draft model has read all prompts
    assert small == pytest.approx(plain + reading, rel=0.01)


def test_a_pass_over_one_token_a_sequence_is_a_decode_step_and_more_cost_what_the_cost_model_says(h100):
    plain, verify, _ = h100
    one = price_clock(model("llama-3.1-8b"), scheme(), Parallelism(), chip("h100-sxm"), queries=1)
    assert np.array_equal(one.seconds, plain.seconds)
    formats, many = Formats.of(scheme()), 8.0

    step = Step(prefill_sequences=many, prefill_tokens=5.0, prefill_context=1024.0, logits="all")
    whole = float(price_step(model("llama-3.1-8b"), step, formats, Parallelism(), Chips.of(chip("h100-sxm"))).time)

    found = token_cost(verify.seconds, 40, 40) + decode_line(verify.seconds, 8, 1024.0)[0]
    assert found == pytest.approx(whole, rel=0.01)


ON = ("simulate", "--model", "llama-3.1-8b", "--chip", "h100-sxm", "--trace", "azure-conv", "--requests", "100")


def run(capsys, *arguments, code=0):
    from interlock.cli import main

    try:
        main([*ON, *arguments])
        found = 0
    except SystemExit as stopped:
        found = int(stopped.code or 0)
    out, err = capsys.readouterr()
    assert found == code, err
    return err if code else out


def test_flags_and_vllms_json_say_the_same(capsys):
    flags = ("--speculative-model", "llama-3.2-1b", "--num-speculative-tokens", "3", "--acceptance-rate", "0.7")
    config = {"model": "llama-3.2-1b", "num_speculative_tokens": 3, "acceptance_rate": 0.7}
    found = run(capsys, *flags, "--json")
    assert found == run(capsys, "--speculative-config", json.dumps(config), "--json")
    figures = json.loads(found)["policies"]["sarathi-serve"]
    assert figures["tokens_per_pass"] == pytest.approx(1 + 0.7 + 0.49 + 0.343, rel=0.02)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--num-speculative-tokens", "3", "--speculative-model", "ngram"), "--acceptance-rate"),
        (("--num-speculative-tokens", "3", "--acceptance-rate", "0.5"), "--speculative-model"),
        (("--speculative-model", "ngram", "--acceptance-rate", "0.5"), "--num-speculative-tokens"),
        (("--speculative-config", '{"model": 1'), "--speculative-config"),
        (("--speculative-config", '{"modle": "x"}'), "--speculative-config"),
        (("--num-speculative-tokens", "2", "--speculative-model", "ngram", "--acceptance-rate", "0.5,x"), "share"),
        (("--num-speculative-tokens", "2", "--speculative-model", "ngram", "--acceptance-rate", "1.5"), "share"),
        (
            ("--num-speculative-tokens", "2", "--speculative-model", "ngram", "--acceptance-rate", "0.5", "--policy",
             "static"), "--policy",
        ),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_one_line(capsys, flags, said):
    text = run(capsys, *flags, code=2)
    assert said in text
    assert len(text.strip().splitlines()) == 1
