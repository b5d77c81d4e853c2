"""Calibrated seconds of collectives: bounds, order, bands, and what stands in where nothing was measured."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cost.calibrated import Basis
from interlock.cost.calibrated.collective import collective_seconds
from interlock.cost.calibrated.collective_store import collectives
from interlock.cost.calibrated.collective_terms import collective_floor, collective_terms, collective_units, link_facts
from interlock.errors import UnsupportedError
from interlock.hardware import chip
from interlock.operators import Communication

H100 = chip("h100-sxm")
ALL_REDUCE = Communication.ALL_REDUCE
SIZES = 2.0 ** np.arange(8, 30.25, 0.25)
MEASURED = sorted({(key[0], key[2]) for key in collectives().sets})


def faster(one, factor: float):
    """The chip with more bandwidth to its neighbours."""
    link = one.links["scale_up"]
    return replace(one, links={**one.links, "scale_up": replace(link, bandwidth=link.bandwidth * factor)})


@pytest.mark.parametrize(("name", "operation"), MEASURED)
def test_no_time_is_below_what_the_rated_link_needs(name, operation):
    for group in (2.0, 4.0, 8.0):
        found = collective_seconds(chip(name), None, Communication(operation), SIZES, group)
        least = collective_floor(operation, SIZES, group, link_facts(chip(name)))
        assert np.all(found.seconds >= least * (1 - 1e-5))
        assert np.all((found.low <= found.seconds) & (found.seconds <= found.high))


@pytest.mark.parametrize(("name", "operation"), MEASURED)
def test_twice_the_bytes_never_take_less(name, operation):
    for stack in (None, "vllm", "sglang", "trtllm"):
        for group in (2.0, 4.0, 8.0):
            seconds = collective_seconds(chip(name), stack, Communication(operation), SIZES, group).seconds
            assert np.all(seconds[4::4] >= seconds[:-4:4] * (1 - 1e-3))  # sizes at which the tables stand
            assert np.all(seconds[4:] >= seconds[:-4] * 0.97)


@given(
    st.sampled_from(sorted(collectives().unseen)),
    st.floats(256, 1e9),
    st.floats(1.01, 100),
    st.sampled_from([2.0, 3.0, 4.0, 8.0]),
)
def test_the_formula_grows_with_the_message_and_with_a_slower_link(kind, message, factor, group):
    parameters, link = collectives().unseen[kind], link_facts(H100)
    slow = replace(link, bandwidth_bytes_per_s=link.bandwidth_bytes_per_s / factor)

    def units(size, over):
        return collective_units(*collective_terms(kind[0], size, group, over), group, parameters)

    assert units(message, link) <= units(message * factor, link) * (1 + 1e-9)
    assert units(message, link) <= units(message, slow) * (1 + 1e-9)


@given(st.sampled_from(MEASURED), st.floats(1.01, 8), st.sampled_from([2.0, 4.0, 8.0]))
def test_a_faster_link_is_never_slower(pair, factor, group):
    name, operation = pair
    before = collective_seconds(chip(name), None, Communication(operation), SIZES, group)
    after = collective_seconds(faster(chip(name), factor), None, Communication(operation), SIZES, group)
    assert np.all(after.seconds <= before.seconds * (1 + 1e-5))


def test_an_engine_never_takes_longer_than_the_library():
    for name in ("a100-80g", "h100-sxm", "b200-sxm", "gb200"):
        own = collective_seconds(chip(name), "vllm", ALL_REDUCE, SIZES, 4.0).seconds
        library = collective_seconds(chip(name), "nccl", ALL_REDUCE, SIZES, 4.0).seconds
        assert np.all(own <= library * (1 + 1e-6))
        assert np.any(own < 0.6 * library)


def test_a_stack_is_the_named_version_or_its_newest_or_the_library():
    def found(stack):
        return collective_seconds(H100, stack, ALL_REDUCE, 65536.0, 8.0)

    assert found("vllm").seconds == found("vllm 0.24.0").seconds
    assert found("vllm 0.24.0").basis is found("vllm").basis is found(None).basis is Basis.OWN
    assert found("vllm 9.0").basis is found("deepspeed").basis is Basis.OTHER_STACK
    assert found(None).seconds == found("nccl").seconds == found("nccl 2.29.2").seconds == found("deepspeed").seconds
    assert found("deepspeed").high > found("nccl").high
    assert found("TRT-LLM").seconds == found("trtllm").seconds
    gather = collective_seconds(H100, "vllm", Communication.ALL_GATHER, 65536.0, 8.0)
    assert gather.basis is Basis.OTHER_STACK
    assert gather.seconds == collective_seconds(H100, "nccl", Communication.ALL_GATHER, 65536.0, 8.0).seconds


def test_a_set_that_repeats_another_answers_as_that():
    copies = collectives().copies
    assert copies
    for key, other in copies.items():
        one, two = (collective_seconds(chip(k[0]), k[1], ALL_REDUCE, SIZES, 4.0, kernel=k[3]) for k in (key, other))
        np.testing.assert_array_equal(one.seconds, two.seconds)


def test_groups_beyond_the_measured_cost_what_first_principles_add():
    inside = collective_seconds(chip("gb200"), "nccl", ALL_REDUCE, SIZES, 4.0)
    rack = collective_seconds(chip("gb200"), "nccl", ALL_REDUCE, SIZES, 72.0)
    nodes = collective_seconds(H100, "nccl", ALL_REDUCE, 1e8, [8.0, 16.0, 64.0])
    assert (inside.basis, rack.basis, nodes.basis) == (Basis.OWN, Basis.OTHER_CHIP, Basis.OTHER_CHIP)
    assert np.all(rack.seconds >= inside.seconds)
    assert np.all(np.diff(nodes.seconds) > 0)
    assert np.all(rack.high / rack.low > inside.high / inside.low)


def test_a_chip_that_was_not_measured_gets_the_band_of_left_out_links():
    other = collective_seconds(chip("rtx-4090"), None, ALL_REDUCE, 1e6, 4.0)
    low, high = collectives().unseen_band
    assert other.basis is Basis.OTHER_CHIP
    assert other.low == pytest.approx(other.seconds * np.exp(low))
    assert other.high == pytest.approx(other.seconds * np.exp(high))


def test_one_chip_or_no_bytes_take_no_time_and_arguments_broadcast():
    assert collective_seconds(H100, None, ALL_REDUCE, [0.0, 4096.0], [8.0, 1.0]).seconds.tolist() == [0.0, 0.0]
    found = collective_seconds(H100, None, ALL_REDUCE, SIZES[:, None], np.array([2.0, 4.0, 8.0]))
    assert found.seconds.shape == found.low.shape == (len(SIZES), 3)
    between = collective_seconds(H100, None, ALL_REDUCE, 1e7, np.array([4.0, 6.0, 8.0])).seconds
    assert between[0] < between[1] < between[2]


@pytest.mark.parametrize(
    ("name", "operation", "kernel", "why"),
    [
        ("h100-sxm", Communication.POINT_TO_POINT, None, "no calibration for point-to-point"),
        ("h100-sxm", ALL_REDUCE, "vLLM_custom_eager", "no calibration for all-reduce by vLLM_custom_eager"),
        ("h100-sxm", Communication.ALL_TO_ALL, "deepep", "by deepep"),
        ("mi300x", ALL_REDUCE, None, "through a switch"),
        ("h20", ALL_REDUCE, None, "needs clock_hz"),
    ],
)
def test_what_was_not_measured_is_refused(name, operation, kernel, why):
    with pytest.raises(UnsupportedError, match=why):
        collective_seconds(chip(name), None, operation, 1e6, 4.0, kernel=kernel)
