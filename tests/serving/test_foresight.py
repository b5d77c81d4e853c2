"""Letting in by the peak to come, promotion of who waits long, and caches that move while others compute."""

from __future__ import annotations

import numpy as np
import pytest
from cases import traces
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.serving.clock import affine_clock
from interlock.serving.job import Job, State
from interlock.serving.metrics import measure
from interlock.serving.policy import Memory
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate
from interlock.serving.standing import future_peak
from interlock.workloads.requests import requests

CLOCK = affine_clock(base_s=1e-3, token_s=1.37e-5, sequence_s=2.11e-5, context_s=1.3e-7)
TOKENS = Memory(title="", paper="", grows=True, block=1)


@given(rows=st.lists(st.tuples(st.integers(1, 50), st.integers(2, 50), st.integers(0, 48)), min_size=1, max_size=8))
def test_the_peak_is_that_of_counting_step_by_step(rows):
    jobs = []
    for i, (prompt, output, made) in enumerate(rows):
        made = min(made, output - 2) + 1
        jobs.append(Job(id=i, arrival_s=0.0, key=0.0, prompt=prompt, output=output, made=made, state=State.DECODING))
        jobs[-1].context = prompt + made - 1
    *running, candidate = jobs
    candidate.state, candidate.made, candidate.context, candidate.known = State.WAITING, 0, 0, candidate.prompt
    held = []
    for step in range(60):  # the candidate's first token comes when its prompt has been read, before the others go on
        alive = [job for job in running if job.made + step <= job.output]
        own = candidate.prompt + step if 1 + step <= candidate.output else 0
        held.append(sum(job.context + step for job in alive) + own)
    assert future_peak(TOKENS, running, candidate) == max(held)


@given(come=traces(most=40), tokens=st.sampled_from([150, 300, 600]), rule=st.sampled_from(["vllm", "orca"]))
@settings(max_examples=60, deadline=None)
def test_a_batch_let_in_by_its_peak_never_outgrows_its_memory(come, tokens, rule):
    engine = Engine(clock=CLOCK, kv_tokens=tokens, longest=200)
    stalling = "vllm" if rule == "vllm" else "vllm:chunked=0"
    found = simulate(come, engine, policy(f"{stalling}+future-peak", max_num_seqs=8), compiled=False)
    assert found.preempted.sum() == 0
    assert found.replicas["peak_held"].max() <= tokens


def test_a_watermark_lets_in_more_than_fits_later():
    rng = np.random.default_rng(0)
    come = requests(np.zeros(60), rng.integers(5, 40, 60), rng.integers(20, 120, 60))
    engine = Engine(clock=CLOCK, kv_tokens=600, longest=200)
    watermark, peak = (
        simulate(come, engine, policy(f"vllm+{memory}"), compiled=False) for memory in ("token-level", "future-peak")
    )
    assert watermark.preempted.sum() > 0
    assert peak.preempted.sum() == 0


def starving(promote: str) -> float:
    """When a long answer ends that competes with a stream of short ones for one seat."""
    short = 400
    come = requests(np.arange(short) * 0.00902, [1] * short, [200] + [9] * (short - 1))
    engine = Engine(clock=affine_clock(base_s=1e-3), kv_tokens=10**6, swap_s=0.0)
    rule = policy(f"orca+paged+fastserve:quantum=16,levels=3,prompt_share=0{promote}", max_num_seqs=1)
    return float(simulate(come, engine, rule, compiled=False).finish_s[0])


def test_promotion_ends_starvation():
    never, late, soon = starving(""), starving(",promote_s=0.2"), starving(",promote_s=0.1")
    assert soon < late < never
    assert never > 1.5


@pytest.mark.parametrize("link", [1e-6, 5e-5])
def test_moving_beside_the_steps_is_never_slower_where_the_same_is_moved(link):
    rng = np.random.default_rng(3)
    come = requests(np.zeros(40), rng.integers(20, 60, 40), rng.integers(20, 100, 40))
    engine = Engine(clock=CLOCK, kv_tokens=800, swap_s=link)
    serial, beside = (
        measure(simulate(come, engine, policy(f"vllm+paged+{way}"), compiled=False))
        for way in ("swap", "proactive-swap")
    )
    assert serial.swapped_tokens > 0
    assert beside.duration_s < serial.duration_s
    assert beside.output_tokens == serial.output_tokens
