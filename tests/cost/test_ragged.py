"""What attention kernels lose on unlike sequences: exact order statistics, and only where the kernel does lose it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cost import Chips
from interlock.cost.ragged import Ragged, decoding_contexts, longest, ragged
from interlock.cost.stack import served_stacks
from interlock.hardware import chip

RAGGED = Ragged(unpacked=0.2, uneven=0.17, unsplit=1.6, cores=128.0)


def test_the_longest_of_n_is_the_mean_of_the_maximum_over_all_draws():
    contexts = np.asarray([3.0, 1.0, 8.0])
    pairs = [max(a, b) for a in contexts for b in contexts]
    assert longest(np.asarray([1.0, 2.0]), contexts) == pytest.approx([contexts.mean(), np.mean(pairs)])
    assert longest(np.asarray([1e6]), contexts) == pytest.approx([8.0])


@given(st.lists(st.floats(1.0, 1e5), min_size=1, max_size=50))
def test_a_batch_is_never_shorter_than_its_mean_and_alike_sequences_lose_nothing(contexts: list[float]):
    sequences = np.arange(1.0, 300.0)
    found = RAGGED.lengthened(sequences, 8.0, np.asarray(contexts))
    assert np.all(found >= 1.0 - 1e-9)
    alike = RAGGED.lengthened(sequences, 8.0, np.full(7, contexts[0]))
    assert alike == pytest.approx(np.ones_like(sequences))


def test_few_sequences_are_split_over_the_cores_and_wait_for_nobody():
    found = RAGGED.lengthened(np.arange(1.0, 100.0), 8.0, np.asarray([1.0, 1000.0]))
    assert np.all(found[: int(1.6 * 128 / 8) - 1] == 1.0)
    assert np.all(found[int(1.6 * 128 / 8) :] > 1.0)


def test_heads_that_share_nothing_lose_nothing_beside_a_chunk():
    assert RAGGED.beside(1.0) == 1.0
    assert RAGGED.beside(8.0) == pytest.approx(2.4)


def test_kernels_for_hopper_lose_nothing_nor_do_other_engines_and_those_for_ada_do():
    vllm, other = served_stacks()["vllm-v1"], served_stacks()["trt-llm-v1"]
    assert ragged(chip("h100-sxm"), vllm) == ragged(chip("rtx4090"), other) == ragged(chip("rtx4090"), None) == Ragged()
    assert ragged(chip("rtx4090"), vllm).cores == 128
    assert ragged(chip("rtx4090"), vllm).unpacked > 0


def test_what_is_lost_takes_the_place_of_the_pace_that_served_batches_had_elsewhere():
    vllm = served_stacks()["vllm-v1"]
    assert Chips.calibrated(chip("rtx4090")).run_by(vllm).runs.grouped_ratio == vllm.pace_ratio
    assert Chips.calibrated(chip("h100-sxm")).run_by(vllm).runs.grouped_ratio == vllm.grouped_ratio


def test_contexts_are_drawn_from_those_that_requests_pass_through():
    prompt, output = np.asarray([10, 1000]), np.asarray([1, 99])
    found = decoding_contexts(prompt, output)
    assert found.min() >= 10
    assert found.max() <= 1099
    assert np.mean(found > 500) == pytest.approx(0.99, abs=0.02)
    assert decoding_contexts(prompt[:0], output[:0]).size == 0
