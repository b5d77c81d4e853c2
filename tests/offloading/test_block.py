"""FlexGen's cost model: worked by hand, against the event-by-event schedule, and its program against a grid."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.models import model, scheme
from interlock.offloading import altered, best_policy, with_shares
from interlock.offloading.block import STREAMS, Affine, Block, block
from interlock.offloading.linear_program import missing_bytes, place
from interlock.offloading.work import layer_work
from interlock.offloading.zigzag import Slots, closed_form, run_schedule, slots_of

pytest.importorskip("scipy")

PROMPT, OUTPUT = 64.0, 8.0


def small(machine, batch=4, batches=3, host_attention=False) -> Block:
    kept = scheme("fp16", "fp16")
    work = layer_work(model("opt-1.3b"), machine, kept, batches=np.array([float(batch)]), prompt=PROMPT, output=OUTPUT)
    return block(work, machine, 0, batches, PROMPT, host_attention=host_attention)


def test_bytes_over_the_link_are_the_published_formulas(t4, fp16):
    """OPT: 12 h^2 weights a layer and 4 h bytes of cache a token and layer, so a step's streams follow by hand."""
    opt, b, batches = model("opt-175b"), 4, 2
    found = with_shares(opt, t4, fp16, (0, 0.5, 0, 0, 0, 1), prompt=512, output=32, batch=b, batches=batches)
    h, layers, many = 12288, 96, b * batches
    cache = 4 * h * (512 + 16) * many
    weights = 2 * 12 * h * h
    assert found.decode_s["storage read"] * t4.storage_read == pytest.approx(
        layers * (0.5 * weights + cache), rel=0.01
    )  # embeddings and biases are the rest
    up = layers * (weights + cache + 2 * h * many)
    assert found.decode_s["to device"] * t4.to_device == pytest.approx(up, rel=0.01)
    assert found.prefill_s["storage write"] * t4.storage_write == pytest.approx(layers * 4 * h * 512 * many, rel=1e-6)
    assert found.seconds == pytest.approx(max(found.prefill_s.values()) + 31 * max(found.decode_s.values()))


@given(st.lists(st.floats(0, 5), min_size=10, max_size=10), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_synchronized_schedule_takes_what_the_closed_form_says(seconds, layers, batches, steps):
    first, again = np.array(seconds[:5]), np.array(seconds[5:])
    slots = Slots(layers=layers, batches=batches, steps=[first, *[again] * (steps - 1)])
    assert run_schedule(slots).makespan == pytest.approx(closed_form(slots))


@given(st.lists(st.floats(0.1, 5), min_size=5, max_size=5), st.integers(2, 40))
@settings(max_examples=60, deadline=None)
def test_free_streams_reach_the_same_pace(seconds, many):
    """Without barriers the busiest stream is a lower bound, and constant slots cost no more than one more slot each."""
    step = np.array(seconds)
    slots = Slots(layers=many, batches=1, steps=[step])
    free = run_schedule(slots, synchronized=False).makespan
    assert many * step.max() <= free * (1 + 1e-12)
    assert free <= closed_form(slots) + step.sum() + 1e-9


def test_a_real_block_equals_its_schedule(tight):
    one = small(tight)
    found = place(one, tight.capacities, OUTPUT)
    slots = slots_of(one, found.shares, int(OUTPUT))
    assert run_schedule(slots).makespan == pytest.approx(found.seconds)
    assert run_schedule(slots, synchronized=False).makespan == pytest.approx(found.seconds, rel=0.05)


@pytest.mark.parametrize("host_attention", [False, True])
def test_the_program_is_no_worse_than_a_grid(tight, host_attention):
    one = small(tight, host_attention=host_attention)
    found = place(one, tight.capacities, OUTPUT)
    thirds = [(g, c, 1 - g - c) for g, c in itertools.product(np.linspace(0, 1, 9), repeat=2) if g + c <= 1]
    room = np.array(tight.capacities)
    best = np.inf
    for weights, cache, hidden in itertools.product(thirds, thirds, thirds[:3] + thirds[-2:]):
        x = np.array([*weights, *cache, *hidden])
        if np.all(one.memory.at(x) <= room):
            best = min(best, one.seconds(x, OUTPUT))
    assert np.isfinite(best)
    assert found.seconds <= best * (1 + 1e-4)
    assert found.seconds >= 0.5 * best
    assert np.all(one.memory.at(found.shares) <= room * (1 + 1e-6))
    assert found.shares.reshape(3, 3).sum(axis=1) == pytest.approx(1.0)


def test_what_is_missing_makes_it_fit(tight, fp16):
    poor = altered(tight, {"storage_bytes": 2e8, "host_bytes": 5e8})
    found = best_policy(model("opt-1.3b"), poor, fp16, prompt=PROMPT, output=OUTPUT, batch=4, sequences=4)
    assert found.problems
    assert np.isnan(found.tokens_per_s)
    lacking = found.missing
    assert lacking["storage"] > 0
    assert lacking["device"] == 0
    richer = altered(
        poor, {f"{t}_bytes": have + lacking[t] * 1.0001 for t, have in zip(lacking, poor.capacities, strict=True)}
    )
    assert not best_policy(model("opt-1.3b"), richer, fp16, prompt=PROMPT, output=OUTPUT, batch=4, sequences=4).problems


def test_more_of_anything_is_never_slower(tight, fp16):
    def rate(**changes):
        found = best_policy(
            model("opt-1.3b"), altered(tight, changes), fp16, prompt=PROMPT, output=OUTPUT, sequences=12
        )
        return found.tokens_per_s

    base = rate()
    for name in ("device_bytes", "host_bytes", "to_device", "to_host", "storage_read", "storage_write"):
        assert rate(**{name: 2 * getattr(tight, name)}) >= base * (1 - 1e-3), name


def test_searching_is_no_worse_than_any_policy_tried_by_hand(tight, fp16):
    opt = model("opt-1.3b")
    best = best_policy(opt, tight, fp16, prompt=PROMPT, output=OUTPUT)
    for batch, batches in ((4, 1), (8, 2), (16, 4), (32, 1)):
        for shares in ((0, 1, 0, 1, 1, 0), (0, 0.5, 0, 0.5, 0, 1), (0, 0, 1, 0, 1, 0)):
            tried = with_shares(opt, tight, fp16, shares, prompt=PROMPT, output=OUTPUT, batch=batch, batches=batches)
            if not tried.missing:
                assert tried.tokens_per_s <= best.tokens_per_s * (1 + 1e-4)


def test_streams_are_named_in_the_order_of_their_rows(tight):
    one = small(tight)
    assert isinstance(one.prefill, Affine)
    assert one.prefill.coefficients.shape == (len(STREAMS), 9)
    assert missing_bytes(one, tight.capacities) == pytest.approx((0, 0, 0), abs=1)
