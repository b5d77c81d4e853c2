"""The plain-arithmetic formulas called with quantities: a wrong unit raises instead of passing.

Formulas that begin with `np.asarray(..., dtype=float)` take no quantities; their parts that do are called here.
"""

from types import SimpleNamespace
from typing import Any

import pint
import pytest

from interlock.cost.energy import operator_energy
from interlock.cost.operator_time import OperatorTime
from interlock.models.blocks.attention import causal_pairs
from interlock.numerics import number_format
from interlock.operators import Communication, Kind, Operator
from interlock.parallel import collectives
from interlock.parallel.collectives import sent_bytes


@pytest.fixture(scope="module")
def unit() -> pint.UnitRegistry:
    """An empty registry: in the default one a byte has no dimension, and a wrong unit would pass."""
    empty = pint.UnitRegistry(None)
    for name in ("byte", "flop", "second", "joule", "usd", "token"):
        empty.define(f"{name} = [{name}]")
    return empty


def test_the_registry_tells_units_apart(unit: pint.UnitRegistry):
    with pytest.raises(pint.DimensionalityError):
        1 * unit.byte + 1 * unit.flop


def test_causal_pairs_take_counts_and_become_bytes_or_work_when_multiplied(unit: pint.UnitRegistry):
    assert causal_pairs(4.0, 3.0) == (3 + 1) + (3 + 2) + (3 + 3) + (3 + 4)
    assert (causal_pairs(4.0, 3.0) * 2 * unit.flop).units == unit.flop
    with pytest.raises(pint.DimensionalityError):
        causal_pairs(4 * unit.token, 3 * unit.token)


def test_bytes_of_an_operator_add_up_as_bytes_only(unit: pint.UnitRegistry):
    def operator(**fields: Any) -> Operator:
        return Operator(name="x", block="x", kind=Kind.MATMUL, **fields)

    byte = unit.byte
    rest = {"input_bytes": 5 * byte, "output_bytes": 7 * byte, "kv_bytes": 11 * byte, "state_bytes": 13 * byte}
    assert operator(weight_bytes=3 * byte, **rest).moved_bytes == 39 * byte
    assert operator(**rest).activation_bytes == 12 * byte
    with pytest.raises(pint.DimensionalityError):
        _ = operator(weight_bytes=3 * unit.flop, **rest).moved_bytes


@pytest.mark.parametrize("kind", Communication)
def test_what_a_collective_sends_is_bytes_and_its_energy_joules(unit: pint.UnitRegistry, kind: Communication):
    message = 64 * unit.byte
    assert sent_bytes(kind, message, 4.0).units == unit.byte
    o = Operator(name="x", block="x", kind=Kind.COLLECTIVE, communication=kind, message_bytes=message, group=4.0)
    idle = OperatorTime(compute=0, memory=0, cache=0, network=0, launch=0, off_chip_bytes=0, cache_bytes=0)
    chips: Any = SimpleNamespace(link_energy=2.0 * unit.joule / unit.byte)
    energy: Any = operator_energy(o, idle, chips)
    assert energy.units == unit.joule
    assert energy.magnitude == pytest.approx(2.0 * sent_bytes(kind, 64.0, 4.0))


@pytest.mark.parametrize("kind", [Communication.ALL_REDUCE, Communication.ALL_GATHER, Communication.ALL_TO_ALL])
def test_the_network_between_domains_takes_seconds(unit: pint.UnitRegistry, kind: Communication):
    links: Any = SimpleNamespace(out_bandwidth=4 * unit.byte / unit.second, out_latency=1 * unit.second)
    time: Any = collectives._LEVELS[kind](kind, 64 * unit.byte, 2.0, 4.0, links)
    assert time.units == unit.second
    upside_down: Any = SimpleNamespace(out_bandwidth=4 * unit.second / unit.byte, out_latency=1 * unit.second)
    with pytest.raises(pint.DimensionalityError):
        collectives._LEVELS[kind](kind, 64 * unit.byte, 2.0, 4.0, upside_down)


def test_a_ring_takes_bytes_over_bandwidth_plus_latency(unit: pint.UnitRegistry):
    links: Any = SimpleNamespace(bandwidth=8 * unit.byte / unit.second, latency=1 * unit.second)
    volume = 96 * unit.byte
    time: Any = collectives._switch(Communication.ALL_REDUCE, 64 * unit.byte, 4.0, volume, 2.0, links)
    assert time.units == unit.second
    assert time.magnitude == pytest.approx(96 / 8 + 2 * 3)


def test_the_slowest_bound_and_the_launch_are_seconds(unit: pint.UnitRegistry):
    second, byte = unit.second, unit.byte
    parts: dict[str, Any] = {"compute": 2 * second, "memory": 5 * second, "cache": 3 * second, "network": 1 * second}
    rest: dict[str, Any] = {"off_chip_bytes": 1 * byte, "cache_bytes": 1 * byte}
    assert OperatorTime(**parts, launch=1 * second, **rest).time == 6 * second
    with pytest.raises(pint.DimensionalityError):
        _ = OperatorTime(**parts, launch=1 * byte, **rest).time


def test_parameters_times_bytes_an_element_are_bytes(unit: pint.UnitRegistry):
    assert 7 * number_format("int4").bytes * unit.byte == 3.5 * unit.byte
