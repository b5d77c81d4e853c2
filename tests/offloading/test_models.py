"""Models and machines that are not OPT on a T4."""

import numpy as np
import pytest

from interlock.api import offload
from interlock.errors import UnsupportedError
from interlock.hardware import chip
from interlock.hardware.node import node
from interlock.offloading import machine_of

pytest.importorskip("scipy")


@pytest.mark.parametrize("name", ["mamba2-2.7b", "mixtral-8x7b", "deepseek-v2-lite", "gemma-2-9b"])
def test_other_architectures_run(name):
    found = offload(name, "t4-node", prompt=64, output=8, batch=8)
    assert found.tokens_per_s > 0
    assert np.asarray(found.shares).reshape(3, 3).sum(axis=1) == pytest.approx(1.0)


def test_phones_read_storage_into_their_one_memory():
    place = machine_of(node("oneplus-12"))
    assert place.unified
    assert place.host_bytes == 0
    found = offload(
        "llama-3.1-8b", "oneplus-12", prompt=64, output=8, batch=1, weight_format="int4-g64", device_bytes="3GB"
    )
    assert found.decode_s["to device"] == 0
    assert found.shares[2] > 0
    assert found.used["host"] == 0


def test_a_chip_alone_has_no_host_and_no_storage():
    place = machine_of(chip("t4"))
    assert place.capacities[1:] == (0.0, 0.0)
    assert place.processor is None
    assert place.to_device == pytest.approx(16e9 * 0.85)


def test_each_chip_of_a_node_has_its_share_of_the_host():
    assert machine_of(node("dgx-h100")).host_bytes == pytest.approx(node("dgx-h100").host_memory / 8)


def test_a_chip_without_a_rate_is_refused():
    with pytest.raises(UnsupportedError, match="no published rate"):
        offload("opt-1.3b", "gaudi1", prompt=64, output=8, batch=1)


def test_the_processor_is_used_only_where_it_is_faster():
    load = {"prompt": 256, "output": 32, "batch": 64, "gpu_batch_size": 16, "device_bytes": "4GB"}
    free = offload("opt-1.3b", "t4-node", **load)
    forced = [offload("opt-1.3b", "t4-node", cpu_attention=way, **load) for way in (False, True)]
    assert free.tokens_per_s == pytest.approx(max(each.tokens_per_s for each in forced), rel=1e-3)
    named = offload("opt-1.3b", "t4", host_bytes="64GB", processor="epyc-9654", cpu_attention=True, **load)
    assert named.host_attention
