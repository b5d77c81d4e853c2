"""Attention beside the memory that holds the cache."""

import numpy as np
import pytest

from interlock.cost import Chips
from interlock.hardware import chip
from interlock.models import Formats, model, scheme
from interlock.offloading.attention_offload import CacheMemory, attention_split, largest_batch
from interlock.parallel import Parallelism

HALF = Formats.of(scheme("fp16", "fp16"))
BATCH = np.array([1.0, 16.0, 256.0])


def split(inner, link=1e15):
    memory = CacheMemory(capacity=1e12, inner=inner, link=link)
    return attention_split(
        model("llama-2-7b"),
        HALF,
        Chips.calibrated(chip("a100-80g")),
        Parallelism(),
        memory,
        batch=BATCH,
        context=2048.0,
    )


def test_faster_memory_is_never_slower_and_infinite_memory_leaves_the_rest():
    slow, fast, free = (split(inner) for inner in (1e12, 1e13, 1e30))
    assert np.all(fast.apart < slow.apart)
    assert np.all(free.apart < free.together)
    assert np.all(free.pipelined == pytest.approx(free.apart, rel=1e-3))
    assert np.all(fast.pipelined <= fast.apart)


def test_the_time_of_the_cache_is_its_bytes():
    slow, free = split(1e12), split(1e30)
    cache = BATCH * 2048 * 32 * 2 * 4096 * 2
    assert slow.apart - free.apart == pytest.approx(cache / 1e12, rel=1e-6)


def test_batches_fill_what_weights_leave():
    alone = largest_batch(model("llama-2-7b"), HALF, 2048.0, 80e9, weights=False)
    beside = largest_batch(model("llama-2-7b"), HALF, 2048.0, 80e9, weights=True)
    assert alone == np.floor(80e9 / (2048 * 32 * 2 * 4096 * 2))
    assert 0 < beside < alone
