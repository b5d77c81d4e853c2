"""Time of an operator: never below the roofline, monotone in the chip, and the same in columns as one by one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cost import Chips, operator_energy, operator_time
from interlock.cost.chips import by_format, substitute
from interlock.hardware import Chip, all_chips, chip
from interlock.operators import COMPUTE_FORMATS, Kind, Operator, Split, compute_code

CHIPS = {item.id: item for item in all_chips()}
COLUMNS = {name: Chips.of(item) for name, item in CHIPS.items()}
TILED = [
    name
    for name, item in CHIPS.items()
    if (e := item.engines.get("matrix")) and e.block and e.granule and substitute(item, "bf16")
]

sizes = st.integers(1, 20_000).map(float)
small = st.integers(1, 600).map(float)
formats = st.sampled_from(["bf16", "fp8", "int8", "fp16", "int4"])
shipped = st.sampled_from(sorted(CHIPS))


def matmul(m: float, n: float, k: float, compute: str = "bf16", batch: float = 1.0, **changes: Any) -> Operator:
    width = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.5}[compute]
    fields = {
        "m": m, "n": n, "k": k, "batch": batch, "flop": 2 * batch * m * n * k,
        "compute": float(compute_code(compute)), "weight_bytes": batch * n * k * width,
        "input_bytes": batch * m * k * width, "output_bytes": batch * m * n * 2.0,
    }  # fmt: skip
    return Operator(name="product", block="mlp", kind=Kind.MATMUL, split=Split.COLUMN, **{**fields, **changes})


def attention(sequences: float, rows: float, keys: float, heads: int = 32, kv_heads: int = 8, d: int = 128) -> Operator:
    return Operator(
        name="attend", block="attention", kind=Kind.ATTENTION, split=Split.HEADS, ways=heads, kv_ways=kv_heads,
        batch=sequences * heads, m=rows, n=keys, k=float(d), flop=4 * sequences * rows * keys * heads * d,
        compute=float(compute_code("bf16")), input_bytes=sequences * rows * heads * d * 2,
        output_bytes=sequences * rows * heads * d * 2, kv_bytes=sequences * keys * kv_heads * d * 4,
    )  # fmt: skip


def seconds(o: Operator, columns: Chips) -> float:
    return float(np.asarray(operator_time(o, columns).time))


@settings(max_examples=300)
@given(shipped, formats, small, sizes, sizes, small)
def test_no_product_is_faster_than_the_datasheet(name: str, compute: str, m: float, n: float, k: float, batch: float):
    found = CHIPS[name]
    used = substitute(found, compute)
    o = matmul(m, n, k, compute, batch=min(batch, 64.0))
    time = operator_time(o, COLUMNS[name])
    if used is None:
        assert np.isnan(seconds(o, COLUMNS[name]))
        return
    peak = found.peak(used[0])
    assert peak is not None
    reached = float(COLUMNS[name].peak[compute_code(compute)])
    assert reached <= peak * used[1]
    assert float(np.asarray(time.compute)) >= o.flop / reached * (1 - 1e-12)
    if found.main.bandwidth is not None:
        assert float(np.asarray(time.memory)) >= o.weight_bytes / found.main.bandwidth


@given(shipped, st.integers(1, 64).map(float), st.integers(1, 4096).map(float), st.integers(1, 100_000).map(float))
def test_no_attention_is_faster_than_the_datasheet(name: str, sequences: float, rows: float, keys: float):
    found = CHIPS[name]
    used = substitute(found, "bf16")
    o = attention(sequences, rows, keys)
    time = operator_time(o, COLUMNS[name])
    if used is None:
        assert np.isnan(seconds(o, COLUMNS[name]))
        return
    assert float(np.asarray(time.compute)) >= o.flop / found.peak(used[0])  # type: ignore[operator]
    if found.main.bandwidth is not None:
        assert float(np.asarray(time.memory)) >= o.kv_bytes / found.main.bandwidth


@pytest.mark.parametrize("name", sorted(CHIPS))
def test_states_and_lookups_pass_the_main_memory(name: str):
    bandwidth = CHIPS[name].main.bandwidth
    if bandwidth is None:
        return
    scan = Operator(name="scan", block="mamba", kind=Kind.SCAN, m=1.0, n=4096.0, k=16.0, flop=1e6, state_bytes=1e9)
    lookup = Operator(name="embedding", block="embedding", kind=Kind.EMBEDDING, m=1e5, n=4096.0, weight_bytes=8e8)
    assert float(np.asarray(operator_time(scan, COLUMNS[name]).memory)) >= 1e9 / bandwidth
    assert float(np.asarray(operator_time(lookup, COLUMNS[name]).memory)) >= 8e8 / bandwidth


def faster(columns: Chips, what: str, factor: float) -> Chips:
    changes: dict[str, dict[str, Any]] = {
        "bandwidth": {"bandwidth": columns.bandwidth * factor},
        "peak": {"peak": columns.peak * factor, "vector": columns.vector * factor},
        "launch": {"launch": columns.launch / factor},
        "cache bandwidth": {"cache_bandwidth": columns.cache_bandwidth * factor},
        "cache": {"cache": columns.cache * factor},
    }
    return replace(columns, **changes[what])


@settings(max_examples=300)
@given(
    shipped, st.sampled_from(["bandwidth", "peak", "launch", "cache bandwidth", "cache"]), st.floats(1.0, 32.0),
    small, sizes, sizes,
)  # fmt: skip
def test_a_better_chip_is_never_slower(name: str, what: str, factor: float, m: float, n: float, k: float):
    for o in (matmul(m, n, k), attention(1.0, m, n), Operator(name="n", block="n", kind=Kind.ELEMENTWISE, m=m, n=n,
              flop=4 * m * n, input_bytes=2 * m * n, output_bytes=2 * m * n)):  # fmt: skip
        before, after = seconds(o, COLUMNS[name]), seconds(o, faster(COLUMNS[name], what, factor))
        assert after <= before * (1 + 1e-12) or np.isnan(before)


@settings(max_examples=300)
@given(st.sampled_from(TILED), st.integers(1, 4000).map(float), st.integers(1, 60), st.integers(1, 20_000).map(float))
def test_one_column_past_a_block_is_never_cheaper(name: str, m: float, blocks: int, k: float):
    block = CHIPS[name].engines["matrix"].block
    assert block is not None
    n = float(block[1] * blocks)
    whole, past = matmul(m, n, k), matmul(m, n + 1, k)
    assert seconds(past, COLUMNS[name]) >= seconds(whole, COLUMNS[name])


def test_one_column_past_a_full_wave_costs_a_wave():
    h100 = COLUMNS["h100-sxm"]
    n = 256.0 * 132  # one block for each core
    full, past = (operator_time(matmul(128.0, width, 8192.0), h100).compute for width in (n, n + 256))
    assert float(np.asarray(past)) > 1.3 * float(np.asarray(full))


@settings(max_examples=300)
@given(shipped, small, sizes, sizes, st.sampled_from(["m", "n", "k"]), st.floats(1.0, 8.0))
def test_a_larger_product_is_never_faster(name: str, m: float, n: float, k: float, axis: str, factor: float):
    larger = {"m": m, "n": n, "k": k}
    larger[axis] = float(np.ceil(larger[axis] * factor))
    before, after = seconds(matmul(m, n, k), COLUMNS[name]), seconds(matmul(**larger), COLUMNS[name])
    assert after >= before * (1 - 1e-12) or np.isnan(before)


def test_nothing_to_do_takes_no_time():
    o = matmul(0.0, 4096.0, 4096.0, weight_bytes=0.0, launches=0.0)
    assert seconds(o, COLUMNS["h100-sxm"]) == 0.0


def test_columns_over_chips_formats_and_sizes_equal_one_by_one():
    chips = [CHIPS[name] for name in sorted(CHIPS)]
    codes = ["bf16", "fp8", "int8", "int4"]
    rows = np.array([1.0, 7.0, 128.0, 4097.0])
    columns = Chips.of(chips, (-1, 1, 1))
    compute = np.array([float(compute_code(name)) for name in codes])[None, :, None]
    m = rows[None, None, :]
    together = Operator(
        name="product", block="mlp", kind=Kind.MATMUL, m=m, n=5000.0, k=3000.0, flop=2 * m * 5000 * 3000,
        compute=compute, weight_bytes=1.5e7, input_bytes=m * 6000, output_bytes=m * 10000,
    )  # fmt: skip
    time = operator_time(together, columns)
    energy = operator_energy(together, time, columns)
    shape = (len(chips), len(codes), len(rows))
    for i, item in enumerate(chips):
        alone = Chips.of(item)
        for j, code in enumerate(codes):
            for q, size in enumerate(rows):
                o = replace(
                    together, m=size, flop=2 * size * 5000 * 3000, compute=float(compute_code(code)),
                    input_bytes=size * 6000, output_bytes=size * 10000,
                )  # fmt: skip
                one = operator_time(o, alone)
                for part in ("compute", "memory", "cache", "launch", "time", "off_chip_bytes", "cache_bytes"):
                    here = np.broadcast_to(getattr(time, part), shape)[i, j, q]
                    assert here == pytest.approx(float(np.asarray(getattr(one, part))), rel=1e-12, nan_ok=True)
                here = np.broadcast_to(energy, shape)[i, j, q]
                assert here == pytest.approx(float(np.asarray(operator_energy(o, one, alone))), rel=1e-12, nan_ok=True)


@settings(max_examples=200)
@given(shipped, formats, small, sizes, sizes)
def test_energy_is_positive_and_grows_with_work_and_with_bytes(name: str, compute: str, m: float, n: float, k: float):
    columns = COLUMNS[name]
    o = matmul(m, n, k, compute)
    joules = float(np.asarray(operator_energy(o, operator_time(o, columns), columns)))
    if np.isnan(joules):  # nobody knows the memory's energy, or no engine has the format
        assert np.isnan(columns.memory_energy) or substitute(CHIPS[name], compute) is None
        return
    assert joules > 0
    more_work = replace(o, flop=o.flop * 2)
    more_bytes = replace(o, weight_bytes=o.weight_bytes * 2)
    assert float(np.asarray(operator_energy(more_work, operator_time(o, columns), columns))) > joules
    again = float(np.asarray(operator_energy(more_bytes, operator_time(more_bytes, columns), columns)))
    assert again >= joules  # equal where operands that exceed the cache are read again anyway


@pytest.mark.parametrize(
    ("name", "wanted", "used"),
    [
        ("v100-32g", "bf16", ("fp16", 1)),
        ("h100-sxm", "int4", ("int8", 1)),
        ("h100-sxm", "bf16", ("bf16", 1)),
        ("a100-80g", "fp8", None),
        ("a100-80g", "int4", ("int4", 1)),
        ("a100-80g", "fp4", None),
        ("h100-sxm", "fp4", None),
    ],
)
def test_what_an_engine_does_instead(name: str, wanted: str, used: tuple[str, float] | None):
    assert substitute(chip(name), wanted) == used
    rate = float(by_format(COLUMNS[name].peak, compute_code(wanted)))
    if used is None:
        assert np.isnan(rate)
    else:
        peak = chip(name).peak(used[0])
        assert peak is not None
        assert rate <= peak * used[1]


@pytest.mark.parametrize("name", sorted(CHIPS))
def test_no_share_of_a_peak_exceeds_it(name: str):
    found: Chip = CHIPS[name]
    columns = COLUMNS[name]
    for code, compute in enumerate(COMPUTE_FORMATS):
        used = substitute(found, compute)
        assert (used is None) == bool(np.isnan(columns.peak[code]))
        if used is not None:
            assert columns.peak[code] <= found.peak(used[0])  # type: ignore[operator]
    assert 0 < columns.attention <= 1
    for ours, theirs in ((columns.bandwidth, found.main.bandwidth), (columns.usable, found.main.capacity)):
        assert np.isnan(ours) if theirs is None else 0 < ours <= theirs
    link = found.links.get("scale_up")
    if link is not None and link.bandwidth is not None and link.topology != "none":
        assert 0 < columns.links.bandwidth <= link.bandwidth
        assert 0 < columns.links.pair_bandwidth <= columns.links.bandwidth * (1 + 1e-12)


def test_two_of_four_sparsity_doubles_the_rate_where_the_chip_has_the_path():
    o = matmul(4096.0, 8192.0, 8192.0)
    for name, gain in (("h100-sxm", 2.0), ("v100-32g", 1.0)):
        dense = float(np.asarray(operator_time(o, COLUMNS[name]).compute))
        sparse = float(np.asarray(operator_time(replace(o, sparse=1.0), COLUMNS[name]).compute))
        assert dense / sparse == pytest.approx(gain, rel=0.05)
