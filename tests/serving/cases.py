"""Small random cases: requests, engines and policies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from interlock.serving.clock import affine_clock
from interlock.serving.engine import Engine, Group
from interlock.serving.lives import Event, Lives
from interlock.serving.policy import UNLIMITED, Policy
from interlock.serving.registry import names, policy
from interlock.serving.speculation import Speculation
from interlock.workloads.requests import Requests, requests

BATCHING = names("batching")
PAIRS = [
    (one, other)
    for one in BATCHING
    for other in ("", *names("memory"))
    if not (one in ("static", "dynamic") and other in ("paged", "token-level", "prefix-cache", "future-peak"))
]


@st.composite
def traces(draw: st.DrawFn, *, most: int = 40, widest: int = 1) -> Requests:
    """A few requests that come close together, of several clients and sessions, with prefixes that form trees."""
    seed, n = draw(st.integers(0, 2**31)), draw(st.integers(1, most))
    rng = np.random.default_rng(seed)
    gap = draw(st.sampled_from([0.0, 0.002, 0.05, 1.0]))
    longest = draw(st.sampled_from([8, 60]))
    prompt = rng.integers(1, 80, n)
    parting = rng.integers(0, 5, 4)  # the depth at which a branch leaves the trunk
    trees = [[(tree if depth >= parting[tree] else 0) * 1000 + depth for depth in range(10)] for tree in range(4)]
    return requests(
        np.cumsum(rng.exponential(gap, n)) if gap else np.zeros(n),
        prompt,
        rng.integers(1, longest, n),
        client=rng.integers(0, 3, n),
        session=rng.integers(0, 5, n),
        priority=rng.integers(0, 3, n),
        deadline_s=rng.uniform(0.1, 2.0, n),
        prefixes=[trees[int(rng.integers(0, 4))] for _ in range(n)],
        prefix_tokens=16,
        samples=rng.integers(1, widest + 1, n),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any batching with any memory it goes with, any order, preemption and routing."""
    one, memory = draw(st.sampled_from(PAIRS))
    small = {"static": ":gang=3", "dynamic": ":gang=3,wait_s=0.03", "vllm": ":token_budget=90"}
    budget = draw(st.sampled_from(["20", "33", "100"]))
    chunked = one in ("sarathi", "sarathi-serve", "fastgen")
    parts = [one + (f":token_budget={budget}" if chunked else small.get(one, ""))]
    if memory:
        parts.append(memory + draw(st.sampled_from(["", ":watermark=0", ":watermark=0.1"])))
    gangs = one in ("static", "dynamic")
    order = draw(st.sampled_from([name for name in names("order") if not (gangs and name in ("fastserve", "vtc"))]))
    settings = {"fastserve": ":quantum=3,levels=3,prompt_share=0.1", "sjf": ":predictor_error=0.5,seed=3"}
    if order == "fastserve":
        settings[order] += draw(st.sampled_from(["", ",promote_s=0.031", ",promote_s=0.4"]))
    parts.append(order + settings.get(order, ""))
    parts.append(draw(st.sampled_from(names("preemption"))))
    parts.append(draw(st.sampled_from(names("routing"))))
    if not gangs:
        parts += draw(st.sampled_from([[], *([name] for name in names("pools"))]))
    return policy("+".join(parts), max_num_seqs=draw(st.sampled_from([1, 3, 8])))


DRAFT = affine_clock(base_s=2.3e-4, token_s=1.9e-6, sequence_s=3.1e-6, context_s=1.7e-8, max_num_seqs=8)
VERIFY = affine_clock(base_s=1.31e-3, token_s=1.41e-5, sequence_s=2.23e-5, context_s=1.9e-7, max_num_seqs=8)
SPECULATIONS = [
    Speculation(acceptance=(0.8, 0.6, 0.6), verify=VERIFY, draft=DRAFT, seed=5),
    Speculation(acceptance=(0.7,), verify=VERIFY, draft=DRAFT, most=3),
    Speculation(acceptance=(1.0,) * 20, verify=VERIFY, draft=DRAFT, most=5),
    Speculation(acceptance=(0.0, 0.5), verify=VERIFY, draft=DRAFT),
]


@st.composite
def engines(draw: st.DrawFn) -> Engine:
    """One to three replicas with hardly enough memory, and a clock that no two cases of time tie on."""
    clock = affine_clock(
        base_s=draw(st.floats(1e-3, 2e-3)), token_s=1.37e-5, sequence_s=2.11e-5, context_s=1.3e-7, max_num_seqs=8
    )
    return Engine(
        clock=clock,
        kv_tokens=draw(st.sampled_from([144, 200, 600])),
        replicas=draw(st.integers(1, 3)),
        longest=140,
        swap_s=draw(st.sampled_from([-1.0, 1.13e-6])),
        concurrency=draw(st.sampled_from([2, 2**40])),
        transfer_s=draw(st.sampled_from([1.7e-7, 3.3e-4])),
        transfer_latency_s=draw(st.sampled_from([0.0, 1.03e-3])),
        transfer_layers=4,
        speculation=draw(st.sampled_from([None, *SPECULATIONS])),
    )


@st.composite
def lives(draw: st.DrawFn, replicas: int) -> Lives:
    """Replicas that fail, are told to go, are drained or moved away, and come back; replica 0 does in the end."""
    events, down = [], draw(st.sets(st.integers(0, replicas - 1)))
    for _ in range(draw(st.integers(0, 12))):
        up = draw(st.booleans())
        time_s = draw(st.floats(0.0, 1.5, allow_subnormal=False)) * draw(st.sampled_from([0.03, 0.3, 1.0]))
        grace = draw(st.sampled_from([0.0, 0.02, 0.1, 1e300]))
        start = draw(st.sampled_from([0.0, 0.013]))
        moved = draw(st.booleans())
        at = draw(st.integers(0, replicas - 1))
        events.append(Event(time_s=time_s, replica=at, up=up, grace_s=grace, start_up_s=start, moved=moved))
    events.append(Event(time_s=2.0, replica=0, up=True))
    return Lives(events=tuple(events), down_at_first=tuple(down))


@st.composite
def cases(draw: st.DrawFn, *, most: int = 40) -> tuple[Requests, Engine, Policy]:
    """The three together; batches that wait to be full need requests that come without limit."""
    engine, policy = draw(engines()), draw(policies())
    if policy.pools is not None:
        engine = replace(engine, replicas=engine.replicas + 1, prefill_replicas=draw(st.integers(0, engine.replicas)))
    elif draw(st.booleans()):
        clock = affine_clock(base_s=2.3e-3, token_s=1.1e-5, sequence_s=3.11e-5, context_s=2.3e-7, max_num_seqs=8)
        other = Group(clock=clock, kv_tokens=draw(st.sampled_from([160, 300])), replicas=draw(st.integers(1, 2)))
        engine = replace(engine, more=(other,) if engine.speculation is None and draw(st.booleans()) else ())
        engine = replace(engine, lives=draw(lives(engine.lanes)))
    if policy.batching.gang:
        engine = replace(engine, speculation=None)
    if policy.batching.gang and policy.batching.wait_s > 1:
        engine = replace(engine, concurrency=UNLIMITED)
    roomy = engine.kv_tokens >= 600 and not engine.more  # several whole reservations fit
    plain = engine.speculation is None and not policy.batching.gang and roomy
    widest = draw(st.sampled_from([1, min(3, policy.max_num_seqs)])) if plain else 1
    return draw(traces(most=most, widest=widest)), engine, policy
