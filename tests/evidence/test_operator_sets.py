"""Operator-level sets: complete, in SI units, as many rows as their files say, and refused when damaged."""

import csv
import gzip
import importlib
import itertools
import math
import shutil
import time

import numpy as np
import pytest

from interlock.errors import InputError
from interlock.evidence.measurement import FAMILIES
from interlock.evidence.sets.aiconfigurator import experts
from interlock.evidence.store import about, read_sets, set_names
from interlock.hardware import names as chip_names
from interlock.numerics import number_format

SETS = ["aiconfigurator", "apex_plus", "azure_guide", "cent_gpu", "infersim", "llmcompass", "neusight", "vidur"]
ROWS = {  # family: rows, of every table that a set reads
    "aiconfigurator": {
        "gemm": 90000 + 5400,
        "attention": 45000 + 45000 + 9600,
        "latent-attention": 2 * 13498 + 11693 + 11707,
        "experts": 49418,
        "scan": 5311 + 20990 + 7999,
        "collective": 13958 + 567 + 7981 + 2302 + 20874 + 5078,
        "elementwise": 2128 + 6384,
        "power": 18000,
        "request": 1570,
    },
    "apex_plus": {"collective": 886, "gemm": 12000},
    "azure_guide": {"gemm": 26, "elementwise": 15, "collective": 72},
    "cent_gpu": {"power": 6},
    "infersim": {"gemm": 490 + 2 * 497, "attention": 728, "latent-attention": 87, "scan": 36},
    "llmcompass": {"gemm": 42 + 12, "elementwise": 128 + 8, "collective": 4},
    "neusight": {"gemm": 37478, "elementwise": 16129},
    "vidur": {"gemm": 80364, "elementwise": 98301, "attention": 14533, "collective": 11189},
}


@pytest.fixture(scope="module")
def sets(data):
    start = time.process_time()
    found = {}
    for name in SETS:
        if (data / name).is_dir():
            found[name] = read_sets(data, [name])
    if len(found) == len(SETS):
        assert time.process_time() - start < 15
    return found


def parts(sets, name):
    if name not in sets:
        pytest.skip(f"no folder {name}")
    return sets[name]


def test_the_sets_are_known():
    assert set(SETS) <= set(set_names())
    for name in SETS:
        assert all((about(name).title, about(name).origin, about(name).licence))


@pytest.mark.parametrize("name", SETS)
def test_rows_are_as_many_as_the_files_say(sets, name):
    counted = {}
    for part in parts(sets, name):
        counted[part.family] = counted.get(part.family, 0) + len(part)
    assert counted == ROWS[name]


@pytest.mark.parametrize("name", SETS)
def test_columns_are_complete_and_positive(sets, name):
    may_be_zero = {"context", "window", "skew", "gated", "static", "rate"}
    for part in parts(sets, name):
        assert part.set_name == name
        assert part.licence == about(name).licence
        for column in ("chip", "stack", *(item.rstrip("$") for item in FAMILIES[part.family])):
            assert len(part[column]) == len(part)
        for column, values in part.columns.items():
            if values.dtype.kind == "f":
                assert np.isfinite(values).all(), (part.family, column)
                assert (values >= 0).all(), (part.family, column)
                assert column in may_be_zero or (values > 0).all(), (part.family, column)
            else:
                assert values.dtype.kind == "U", (part.family, column)
        for column in FAMILIES[part.family]:
            assert not column.endswith("$") or (part[column.rstrip("$")] != "").all()
        assert 1e-7 < part.measured.min() <= part.measured.max() < 3600


@pytest.mark.parametrize("name", SETS)
def test_chips_and_formats_are_ours(sets, name):
    for part in parts(sets, name):
        assert set(part["chip"].tolist()) <= set(chip_names())
        for column in ("weight_format", "activation_format", "kv_format"):
            if column in part.columns:
                assert all(number_format(str(item)).name == item for item in np.unique(part[column]))


# set, family, what picks the row, what it must say: worked by hand from a line of each file
HAND = [
    ("aiconfigurator", "gemm", {"chip": "a100-80g", "m": 7, "n": 768, "k": 1536}, {"seconds": 7.5876e-6}),
    (
        "aiconfigurator",
        "attention",
        {"chip": "a100-80g", "phase": "prefill", "sequences": 2, "tokens": 16384, "heads": 96, "kv_heads": 1},
        {"seconds": 0.06313, "context": 0, "head_dim": 128, "activation_format": "bf16"},
    ),
    (
        "aiconfigurator",
        "attention",
        {"chip": "a100-80g", "phase": "decode", "sequences": 4, "heads": 128, "kv_heads": 2, "context": 31},
        {"seconds": 1.4099e-5, "tokens": 1},
    ),
    (
        "aiconfigurator",
        "latent-attention",
        {"chip": "b200-sxm", "scope": "module", "phase": "decode", "sequences": 8, "heads": 1, "context": 16384,
         "kv_format": "fp8-e4m3", "weight_format": "fp8-e4m3", "stack": "trtllm 1.3.0rc20"},
        {"seconds": 5.79e-5},
    ),
    (
        "aiconfigurator",
        "experts",
        {"chip": "a100-80g", "stack": "sglang 0.5.10", "tokens": 512, "width": 3072, "experts": 256, "expert": 8,
         "distribution": "power_law_1.01", "tensor": 1},
        {"seconds": 1.2602e-3, "intermediate": 1536, "top_k": 8, "weight_format": "bf16"},
    ),
    (
        "aiconfigurator",
        "collective",  # 16,777,216 elements of one byte, 0.2154 ms
        {"chip": "a100-80g", "stack": "nccl 2.27.3", "operation": "all-reduce", "chips": 8, "element_bytes": 1,
         "message_bytes": 16777216},
        {"seconds": 2.154e-4},
    ),
    (
        "aiconfigurator",
        "collective",  # 67,108,864 elements of two bytes on each of four chips
        {"chip": "b300-sxm", "stack": "nccl 2.29.2", "operation": "all-to-all", "chips": 4, "element_bytes": 2,
         "message_bytes": 67108864 * 2 * 4},
        {"seconds": 2.2216e-4},
    ),
    (
        "aiconfigurator",
        "collective",  # 8 chips x 8 copies of (2048 + 64 + 16) bytes in 16.485 us
        {"chip": "b200-sxm", "kernel": "low-latency dispatch", "message_bytes": 8 * 8 * 2128, "chips": 8},
        {"seconds": 1.6485e-5},
    ),
    (
        "aiconfigurator",
        "collective",  # the column called latency_ms says 59.886: microseconds
        {"chip": "b200-sxm", "kernel": "trtllm_deepep_ht combine", "stack": "trtllm 1.3.0rc11",
         "message_bytes": 8 * 16 * 8 * (1 - (7 / 8) ** 8) * 3072 * 2},
        {"seconds": 5.9886080119758844e-05},
    ),
    (
        "aiconfigurator",
        "elementwise",
        {"chip": "b200-sxm", "stack": "sglang 0.5.14", "kind": "quantise", "rows": 32768, "width": 8192},
        {"seconds": 1.5159e-3},
    ),
    (
        "aiconfigurator",
        "scan",
        {"chip": "h200-sxm", "kind": "convolution", "phase": "decode", "sequences": 1024, "heads": 64, "groups": 16,
         "stack": "trtllm 1.3.0rc20", "head_dim": 128, "width": 64 * 128 + 2 * 16 * 128},
        {"seconds": 1.3062e-5, "tokens": 1, "taps": 4},
    ),
    (
        "aiconfigurator",
        "power",
        {"family": "attention", "phase": "prefill", "tokens": 10240, "heads": 64, "kv_heads": 64, "head_dim": 64,
         "sequences": 1, "kv_format": "bf16"},
        {"power_w": 271.3, "seconds": 1.1303e-3},
    ),
    (
        "neusight",
        "gemm",
        {"chip": "a100-pcie-40g", "m": 7896, "n": 568, "k": 748},
        {"seconds": 4.2896e-4, "batch": 1, "weight_format": "fp32"},
    ),
    (
        "neusight",
        "elementwise",
        {"chip": "a100-pcie-80g", "kind": "softmax", "rows": 131072, "width": 2048},
        {"seconds": 1.4317e-3},
    ),
    (
        "llmcompass",
        "gemm",  # 2 x 64 x 12288 x 12288 FLOP at 101.7124 TFLOP/s
        {"chip": "a100-80g", "kernel": "operator", "m": 64, "n": 12288, "k": 12288},
        {"seconds": 19327352832 / 101.7124e12},
    ),
    (
        "llmcompass",
        "collective",
        {"kernel": "gpt-3 AllReduce_MHA", "message_bytes": 8 * 2048 * 12288 * 2},
        {"seconds": 0.0028909, "chips": 4},
    ),
    ("apex_plus", "gemm", {"m": 32, "k": 4096, "n": 13056}, {"seconds": 1.55e-4, "chip": "v100-pcie-16g"}),
    (
        "apex_plus",
        "collective",
        {"chip": "h200-sxm", "operation": "reduce-scatter", "chips": 4, "message_bytes": 1024},
        {"seconds": 7e-6},
    ),
    ("azure_guide", "gemm", {"chip": "a100-80g", "m": 1024, "n": 1024}, {"seconds": 2 * 1024**3 / 119.4e12}),
    ("azure_guide", "elementwise", {"chip": "a100-80g", "kind": "stream-triad"}, {"seconds": 3 * 2**28 / 1.7e12}),
    (
        "azure_guide",
        "collective",
        {"chip": "a100-80g", "message_bytes": 1024},
        {"seconds": 1.75 * 1024 / 0.04e9, "chips": 8},
    ),
    ("infersim", "gemm", {"chip": "h800", "m": 16, "k": 7168, "n": 1536}, {"seconds": 1.6443e-5, "batch": 1}),
    (
        "infersim",
        "gemm",  # 256 experts of 32 tokens: 7168 to twice 2048 in 3,249 us
        {"chip": "h800", "kernel": "grouped up", "batch": 256, "m": 32, "k": 7168, "n": 4096},
        {"seconds": 3.249e-3},
    ),
    (
        "infersim",
        "attention",
        {"chip": "h20", "phase": "decode", "sequences": 64, "context": 4095, "heads": 32, "kv_heads": 4},
        {"seconds": 1.90055e-4, "kv_format": "bf16"},
    ),
    (
        "vidur",
        "gemm",
        {"chip": "a100-80g", "model": "Qwen/Qwen-72B", "kernel": "mlp_up_proj", "m": 4096, "n": 2 * 24576},
        {"seconds": 0.0140915, "k": 8192},
    ),
    (
        "vidur",
        "attention",
        {"phase": "decode", "sequences": 31, "context": 1024},
        {"seconds": 6.3e-5, "heads": 32, "kv_heads": 4, "head_dim": 128},
    ),
    (
        "vidur",
        "collective",
        {"chip": "a100-80g", "operation": "point-to-point", "message_bytes": 67108864},
        {"seconds": 2.94e-4, "chips": 2},
    ),
    ("cent_gpu", "power", {"model": "llama-2-70b", "phase": "decode"}, {"power_w": 1107 / 4, "seconds": 127.156}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "family", "row", "says"), HAND)
def test_a_row_worked_by_hand(sets, name, family, row, says):
    found = []
    for part in parts(sets, name):
        if part.family == family and set(row) <= set(part.columns):
            same = [
                np.isclose(part[key], value, rtol=1e-9) if part[key].dtype.kind == "f" else part[key] == value
                for key, value in row.items()
            ]
            found += [{key: part[key][place] for key in says} for place in np.flatnonzero(np.all(same, axis=0))]
    assert any(all(value == (pytest.approx(says[key]) if key != "chip" else says[key]) for key, value in one.items())
               for one in found), found  # fmt: skip


def test_copied_rows_are_not_read_as_measurements(sets):
    for part in parts(sets, "aiconfigurator"):
        if "kernel" in part.columns and str(part["kernel"][0]).startswith(("low-latency", "normal")):
            assert not np.any((part["chip"] == "h200-sxm") & (part["stack"] == "sglang 0.5.6.post2"))
    for part in parts(sets, "vidur"):
        if part.family == "collective":
            assert "h100-pcie" not in part["chip"]


def test_skew_is_what_the_stated_distribution_has(tmp_path):
    """One expert in 8 with all of the popularity's square: s grows with the exponent's spread and is 0 if balanced."""
    skew = experts._skew(
        np.array([0.0, 1.01, 1.01, 1.2]), np.array([64.0, 64.0, 16384.0, 16384.0]), np.full(4, 128.0), np.full(4, 8.0)
    )
    assert skew[0] == 0
    assert 0 < skew[1] < skew[2]
    assert all(math.isfinite(value) for value in skew)


FILES = [
    ("aiconfigurator", "gemm.csv.gz", "latency_ms", "m"),
    ("aiconfigurator", "generation_attention.csv.gz", "latency_ms", "num_heads"),
    ("aiconfigurator", "moe.csv.gz", "latency_ms", "topk"),
    ("aiconfigurator", "oneccl.csv.gz", "latency_ms", "message_size"),
    ("aiconfigurator", "moe_a2a.csv.gz", "transmit_us", "ep_size"),
    ("aiconfigurator", "kda.csv.gz", "latency_ms", "d_conv"),
    ("aiconfigurator", "op_power_b200.csv.gz", "power_w", "latency_ms"),
    ("aiconfigurator", "mla_bmm.csv.gz", "latency_ms", "num_heads"),
    ("neusight", "gemm_fp32.csv.gz", "latency_ms", "M"),
    ("neusight", "vector_ops_fp32.csv.gz", "latency_ms", "H"),
    ("llmcompass", "ops_a100_mi210.csv", "throughput", "M"),
    ("llmcompass", "gpt3_block_a100.csv", "latency_s", "batch"),
    ("apex_plus", "collectives.csv", "time(us)", "num_nodes"),
    ("apex_plus", "gemm_v100_fp16.csv.gz", "time(us)", "n"),
    ("azure_guide", "azure_results.csv", "value", "keys"),
    ("infersim", "mha.csv", "latency_us", "shape"),
    ("infersim", "grouped_gemm.csv", "up_proj_us", "tokens_per_expert"),
    ("vidur", "collectives_median.csv.gz", "median_ms", "num_workers"),
    ("vidur", "token_ops_median.csv.gz", "mlp_up_proj_ms", "num_tokens"),
    ("cent_gpu", "GPU_power.csv", "decoding", "Model"),
]


def beginning(path):
    """The header of a file and its first rows."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", newline="") as source:
        return list(itertools.islice(csv.reader(source), 41))


def copied(data, folder, name, file, edit):
    """A copy of one file, cut to a few dozen rows, changed, beside links to the set's other files."""
    opened = gzip.open if file.endswith(".gz") else open
    rows = beginning(data / name / file)
    edit(rows)
    (folder / name).mkdir(exist_ok=True)
    for other in (data / name).iterdir():
        target = folder / name / other.name
        if other.name != file and other.is_file() and not target.exists():
            target.symlink_to(other)
    with opened(folder / name / file, "wt", newline="") as target:
        csv.writer(target).writerows(rows)
    return folder / name


def reader_of(name, file):
    """The smallest part that reads a file: one module of the large set, else the whole set."""
    if name != "aiconfigurator":
        return importlib.import_module(f"interlock.evidence.sets.{name}").read
    module = {
        "gemm": "matmul", "mla_bmm": "matmul", "generation_attention": "attention", "moe": "experts",
        "oneccl": "collectives", "moe_a2a": "exchange", "kda": "scan", "op_power_b200": "power",
    }[file.split(".")[0]]  # fmt: skip
    return importlib.import_module(f"interlock.evidence.sets.{name}.{module}").read


def put(place, column, value):
    def edit(rows):
        rows[place][rows[0].index(column)] = value

    return edit


def rename(column):
    def edit(rows):
        rows[0][rows[0].index(column)] = "something"

    return edit


@pytest.mark.parametrize(("name", "file", "value", "other"), FILES)
def test_a_damaged_copy_is_refused_with_its_place(data, tmp_path, name, file, value, other):
    if not (data / name).is_dir():
        pytest.skip(f"no folder {name}")
    read = reader_of(name, file)
    place = min(7, len(beginning(data / name / file)) - 2)
    repeats = (lambda rows: rows.insert(place + 1, rows[place]), place + 2)
    cases = [
        (rename(value), None),
        (rename(other), None),
        *((put(place, value, bad), place + 1) for bad in ("quick", "-1", "nan", "inf")),
        (put(place, other, "?"), place + 1),
        repeats,
        (lambda rows: rows[place].pop(), place + 1),
    ]
    for number, (edit, row) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(InputError) as caught:
            read(copied(data, folder, name, file, edit))
        message = str(caught.value)
        assert file in message, message
        assert row is None or f"row {row}" in message, message
        shutil.rmtree(folder)
