"""Every chip of the catalogue: complete, sourced, and consistent with the arithmetic of its own datasheet."""

import re
import tomllib
from pathlib import Path

import pytest

from interlock.catalogue import DATA
from interlock.evidence import Evidence
from interlock.hardware import all_chips, chip, names
from interlock.hardware.chip import numbers

FILES = {path.stem: path for path in (DATA / "chips").glob("*.toml")}
IDS = sorted(FILES)

EXPECTED = [
    "h100-sxm", "h100-pcie", "h200-sxm", "gh200-96g", "b200-sxm", "gb200", "a100-40g", "a100-80g",
    "a100-pcie-80g", "l40s", "l4", "rtx4090", "rtx3090", "rtx5090", "rtx2080ti", "v100-32g", "t4",
    "jetson-nano", "jetson-agx-orin-64g", "jetson-orin-nano-8g", "gb10", "mi300x", "mi325x", "mi250x",
    "wse-2", "wse-3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7x", "ipu-gc200", "ipu-bow",
    "groq-lpu", "gaudi2", "gaudi3", "sn40l", "grayskull-e150", "wormhole-n150", "wormhole-n300",
    "trainium1", "inferentia2", "trainium2", "maia100", "northpole", "rapid", "apple-m1", "apple-m1-max",
    "apple-m2-max", "apple-m2-ultra", "apple-m3-max", "apple-m3-ultra", "apple-m4", "apple-m4-pro",
    "apple-m4-max", "dimensity-9300", "snapdragon-8-gen-3", "snapdragon-8-elite", "snapdragon-x-elite",
    "apple-a17-pro", "ryzen-9-7950x", "core-i9-13900k", "epyc-9654", "xeon-8480-plus",
]  # fmt: skip

# FLOP a clock of one core with 16-bit operands, as the hardware is built
FLOP_PER_CORE_CLOCK = {
    4096: "h100-sxm h100-pcie h200-sxm gh200-96g max-1550 h800",
    8192: "b200-sxm gb200 b300-sxm gb300",
    2048: "a100-40g a100-80g a100-pcie-40g a100-pcie-80g mi300x mi325x jetson-agx-orin-64g jetson-orin-nano-8g rapid "
    "arc-pro-b60",
    1024: "l40s l4 v100-32g t4 mi250x mi250x-gcd wormhole-n150 wormhole-n300 wormhole-n300-asic xeon-8480-plus "
    "v100-pcie-16g v100-pcie-32g a40 mi100 mi210 rtx-pro-6000-server",
    576: "grayskull-e150",
    512: "rtx4090 rtx3090 rtx5090 rtx2080ti jetson-nano",
    256: "apple-m1 apple-m1-max apple-m2-max apple-m2-ultra apple-m3-max apple-m3-ultra apple-m4 apple-m4-pro "
    "apple-m4-max p100",
    128: "ipu-gc200 ipu-bow",
    64: "ryzen-9-7950x epyc-9654",
    16: "wse-3",
    8: "wse-2",
    2 * 128 * 128: "tpu-v4 tpu-v5e tpu-v5p trainium1 inferentia2",
    2 * 256 * 256: "tpu-v6e gaudi2 gaudi3",
    2 * 320 * 320 / 4: "groq-lpu",
}
ROUND = {name: flop for flop, line in FLOP_PER_CORE_CLOCK.items() for name in line.split()}
TOLERANCE = {
    "b200-sxm": 0.06,  # the clock is the device maximum, the peak belongs to 1.856 GHz
    "trainium1": 0.04,  # 190 TFLOP/s printed, 183.5 from array and clock
    "inferentia2": 0.04,
    "jetson-orin-nano-8g": 0.03,  # 20 TOP/s is half of a rounded 40
    "rapid": 0.03,  # 12.8 TFLOP/s at a clock rounded to 1.6 GHz
}

# channels or stacks in bits, transfer rate in bit/s a pin
BUSES = {
    "mi300x": (8 * 1024, 5.2e9),
    "a100-40g": (5 * 1024, 2.43e9),
    "rtx4090": (384, 21e9),
    "rtx3090": (384, 19.5e9),
    "rtx5090": (512, 28e9),
    "rtx2080ti": (352, 14e9),
    "l40s": (384, 18e9),
    "t4": (256, 10e9),
    "grayskull-e150": (256, 3.7e9),
    "wormhole-n150": (192, 12e9),
    "jetson-nano": (64, 3.2e9),
    "jetson-agx-orin-64g": (256, 6.4e9),
    "gb10": (256, 8.533e9),
    "apple-m1": (128, 4.266e9),
    "apple-m3-ultra": (1024, 6.4e9),
    "apple-m4": (128, 7.5e9),
    "apple-m4-pro": (256, 8.533e9),
    "apple-m4-max": (512, 8.533e9),
    "dimensity-9300": (64, 9.6e9),
    "snapdragon-8-gen-3": (64, 9.6e9),
    "snapdragon-8-elite": (64, 10.6e9),
    "snapdragon-x-elite": (128, 8.448e9),
    "apple-a17-pro": (64, 6.4e9),
    "ryzen-9-7950x": (2 * 64, 5.2e9),
    "core-i9-13900k": (2 * 64, 5.6e9),
    "epyc-9654": (12 * 64, 4.8e9),
    "xeon-8480-plus": (8 * 64, 4.8e9),
}

# links and bytes a second of one link in one direction
LINKS = {
    "h100-sxm": (18, 25e9),
    "a100-80g": (12, 25e9),
    "v100-32g": (6, 25e9),
    "b200-sxm": (18, 50e9),
    "mi300x": (7, 64e9),
    "tpu-v4": (6, 45e9),
    "tpu-v5p": (6, 90e9),
    "tpu-v7x": (6, 100e9),
    "gaudi1": (7, 100e9 / 8),
    "gaudi2": (21, 100e9 / 8),
    "gaudi3": (21, 200e9 / 8),
    "groq-lpu": (16, 4 * 30e9 / 8),
    "ipu-gc200": (10, 16e9),
    "maia100": (9, 400e9 / 8),
}

# what the vendor advertises with sparsity
ADVERTISED = {
    ("h100-sxm", "fp8"): 3958e12,
    ("h100-sxm", "bf16"): 1979e12,
    ("a100-80g", "bf16"): 624e12,
    ("l40s", "fp8"): 1466e12,
    ("b200-sxm", "fp4"): 18e15,
    ("rtx5090", "fp4"): 3352e12,
    ("mi300x", "fp8"): 5229.8e12,
    ("jetson-agx-orin-64g", "int8"): 170e12,
    ("jetson-orin-nano-8g", "int8"): 40e12,
    ("gb10", "fp4"): 1e15,
    ("wse-2", "fp16"): 75e15,
    ("wse-3", "fp16"): 125e15,
    ("trainium2", "fp16"): 2563e12,
}


def toml(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def peak_per_core_clock(name):
    for engine in chip(name).engines.values():
        wide = max((engine.peaks.get(fmt, 0.0) for fmt in ("bf16", "fp16")), default=0.0)
        if wide and engine.cores and engine.clock:
            return wide / (engine.cores * engine.clock)
    return None


def test_no_expected_chip_is_missing():
    assert len(set(EXPECTED)) == 64
    assert set(EXPECTED) <= set(IDS)
    assert set(IDS) <= set(names())
    assert {item.id for item in all_chips()} >= set(IDS)


@pytest.mark.parametrize("name", IDS)
def test_loads_under_its_file_name(name):
    loaded = chip(name)
    assert loaded.id == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert loaded.engines
    assert loaded.main.role == "main"


@pytest.mark.parametrize("name", IDS)
def test_every_number_has_a_source(name):
    loaded = chip(name)
    missing = [leaf for leaf in numbers(toml(FILES[name])) if loaded.source_of(leaf) is None]
    assert not missing


@pytest.mark.parametrize("name", IDS)
def test_no_number_is_assumed_and_every_source_is_used(name):
    loaded = chip(name)
    assert all(source.kind is not Evidence.ASSUMED for source in loaded.sources.values())
    assert all(source.ref.strip() for source in loaded.sources.values())
    if loaded.like is None:
        leaves = [f"{leaf}." for leaf in numbers(toml(FILES[name]))]
        idle = [key for key in loaded.sources if not any(leaf.startswith(f"{key}.") for leaf in leaves)]
        assert not idle


@pytest.mark.parametrize("name", IDS)
def test_roles_fit_the_memories(name):
    for key, memory in chip(name).memories.items():
        assert memory.role == {"main": "main", "host": "spill"}.get(key, "cache")


@pytest.mark.parametrize("name", IDS)
def test_one_link_is_never_faster_than_all(name):
    for link in chip(name).links.values():
        if link.pair_bandwidth is not None:
            assert link.bandwidth is not None
            assert link.pair_bandwidth <= link.bandwidth * 1.001


@pytest.mark.parametrize("name", IDS)
def test_caches_hold_less_and_move_more_than_main_memory(name):
    loaded = chip(name)
    for key in ("l1", "l2", "llc"):
        cache = loaded.memories.get(key)
        if cache is not None and cache.capacity and loaded.main.capacity:
            assert cache.capacity < loaded.main.capacity
        if cache is not None and cache.bandwidth and loaded.main.bandwidth:
            assert cache.bandwidth > loaded.main.bandwidth


@pytest.mark.parametrize("name", IDS)
def test_halving_the_operands_never_slows_the_same_engine(name):
    for engine in chip(name).engines.values():
        for wide, narrow in (("bf16", "fp8"), ("fp16", "fp8"), ("int8", "int4"), ("fp8", "fp4"), ("fp64", "fp32")):
            if wide in engine.peaks and narrow in engine.peaks:
                assert engine.peaks[narrow] >= engine.peaks[wide]


@pytest.mark.parametrize("name", IDS)
def test_a_printed_figure_says_what_is_stored_and_why(name):
    for entry in chip(name).printed:
        assert all((entry.where, entry.what, entry.printed, entry.value, entry.why))


@pytest.mark.parametrize("name", [name for name in IDS if peak_per_core_clock(name) is not None])
def test_peak_is_clock_times_cores_times_a_round_number(name):
    assert peak_per_core_clock(name) == pytest.approx(ROUND[name], rel=TOLERANCE.get(name, 0.02))


def test_the_round_numbers_are_all_checked():
    assert set(ROUND) == {name for name in IDS if peak_per_core_clock(name) is not None}


@pytest.mark.parametrize(("name", "fmt"), ADVERTISED)
def test_dense_is_below_the_advertised_sparse_peak(name, fmt):
    engine = chip(name).engines["matrix"]
    assert engine.peaks[fmt] < ADVERTISED[name, fmt]
    assert engine.peaks[fmt] * engine.sparsity_factor == pytest.approx(ADVERTISED[name, fmt], rel=0.05)


@pytest.mark.parametrize("name", BUSES)
def test_memory_bandwidth_is_width_times_rate(name):
    width, rate = BUSES[name]
    assert chip(name).main.bandwidth == pytest.approx(width * rate / 8, rel=0.005)


@pytest.mark.parametrize("name", LINKS)
def test_link_bandwidth_is_links_times_one_link(name):
    count, one = LINKS[name]
    link = chip(name).links["scale_up"]
    assert link.links == count
    assert link.bandwidth == pytest.approx(count * one)


@pytest.mark.parametrize("name", ["mi300x", "mi325x", "gaudi1", "gaudi2", "gaudi3", "maia100"])
def test_a_full_mesh_shares_its_links_evenly(name):
    link = chip(name).links["scale_up"]
    assert link.topology == "full-mesh"
    assert link.pair_bandwidth * (link.domain - 1) == pytest.approx(link.bandwidth)


def test_vendors_gigabytes_of_dram_are_gibibytes():
    assert chip("h100-sxm").main.capacity == 80 * 2**30
    assert chip("groq-lpu").main.capacity == 230e6


def test_unknown_is_none_and_not_zero():
    assert chip("snapdragon-8-elite").peak("int8") is None
    assert chip("sn40l").tdp is None
    assert chip("ipu-gc200").tdp is None
    assert chip("rapid").main.bandwidth is None
    assert chip("tpu-v7x").engines["matrix"].cores is None


def test_a_peak_comes_from_the_engine_that_has_it():
    a17 = chip("apple-a17-pro")
    assert a17.peak("int8") == 35e12  # the Neural Engine
    assert a17.peak("fp16") == 2.15e12  # the GPU
    assert "fp32" not in chip("a100-80g").engines["matrix"].peaks
    assert chip("a100-80g").peak("fp32") == 19.5e12
    assert chip("v100-32g").engines["vector"].peaks["int8"] == 62.8e12


def test_gaudi3_is_fast_in_bf16_only():
    peaks = chip("gaudi3").engines["matrix"].peaks
    assert peaks["bf16"] == pytest.approx(4 * peaks["fp16"], rel=0.001)
    assert chip("gaudi3").achieved.matrix * peaks["bf16"] == pytest.approx(0.741 * 1677e12, rel=0.001)


@pytest.mark.parametrize(("whole", "half"), [("mi250x", "mi250x-gcd"), ("wormhole-n300", "wormhole-n300-asic")])
def test_one_of_two_devices_is_half_of_the_package(whole, half):
    package, device = chip(whole), chip(half)
    assert device.like == whole
    assert device.main.capacity * 2 == package.main.capacity
    assert device.main.bandwidth * 2 == pytest.approx(package.main.bandwidth, rel=0.001)
    for fmt, peak in package.engines["matrix"].peaks.items():
        assert device.engines["matrix"].peaks[fmt] * 2 == pytest.approx(peak)
    assert device.source_of("engines.matrix.peaks.fp16").kind is Evidence.DERIVED
    assert device.source_of("engines.matrix.clock") == package.source_of("engines.matrix.clock")


def test_aliases_are_unique_and_lead_home():
    owners = {}
    for item in all_chips():
        for alias in item.aliases:
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", alias), alias
            assert alias not in owners, (alias, item.id, owners.get(alias))
            assert alias not in FILES, alias
            owners[alias] = item.id
    for alias, owner in owners.items():
        assert chip(alias).id == owner


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("a100", "a100-80g"),
        ("A100 SXM", "a100-80g"),
        ("a100-sxm-40g", "a100-40g"),
        ("rtx-4090", "rtx4090"),
        ("v100", "v100-32g"),
        ("gaudi-3", "gaudi3"),
        ("lpu", "groq-lpu"),
        ("sd8gen3", "snapdragon-8-gen-3"),
        ("h100_sxm", "h100-sxm"),
    ],
)
def test_names_people_use(said, meant):
    assert chip(said).id == meant
