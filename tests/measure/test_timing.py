"""Timing a call: the least of many, within its time."""

import time

import pytest

from interlock.measure.timing import timed


def test_a_call_takes_at_least_what_it_sleeps_and_not_much_more():
    found = timed(lambda _: time.sleep(0.002), 0.05)
    assert 0.002 <= found.least <= found.median
    assert found.least < 0.02
    assert found.timings >= 3


def test_calls_are_numbered_without_a_gap():
    seen = []
    timed(seen.append, 0.001)
    assert seen == list(range(len(seen)))


def test_a_slow_call_is_not_repeated_beyond_its_time():
    began = time.monotonic()
    timed(lambda _: time.sleep(0.05), 0.01)
    assert time.monotonic() - began < 0.5


def test_a_clock_that_the_caller_gives_decides():
    ticks = iter(range(0, 10**9, 1000))
    assert timed(lambda _: None, 0.001, lambda: next(ticks)).least == pytest.approx(1e-6 / 50)
