"""Small machines whose rates are round, so that expectations can be worked out by hand."""

import pytest

from interlock.hardware.node import node
from interlock.models import scheme
from interlock.offloading import Machine, altered, machine_of


@pytest.fixture
def t4() -> Machine:
    return machine_of(node("n1-highmem-32-t4"))


@pytest.fixture
def tight(t4: Machine) -> Machine:
    """A T4 with so little memory that a 1.3B model needs all three tiers."""
    return altered(t4, {"device_bytes": 1.5e9, "host_bytes": 3e9, "storage_bytes": 1e11})


@pytest.fixture
def fp16():
    return scheme("fp16", "fp16")
