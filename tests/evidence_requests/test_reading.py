"""Sets of whole runs: every one reads, with rows checked by hand against the files."""

import numpy as np
import pytest

from interlock.evidence.measurement import FAMILIES
from interlock.evidence.store import about, set_names
from interlock.numerics import number_format

from .conftest import SETS

# set, part of the list, what the row says, the value in SI units as a person reads it off the file
BY_HAND = [
    ("llm_inference_bench", 0, {"chip": "a100-40g", "stack": "deepspeed", "model": "llama-2-7b", "tensor": 1,
                                "batch": 1, "prompt": 128}, 2.728496789932251),
    ("llm_inference_bench", 0, {"chip": "a100-40g", "stack": "llama.cpp", "model": "llama-2-7b", "pipeline": 1,
                                "batch": 1, "chunk": 64, "prompt": 128}, 2.24),
    ("tensorrt_llm", 0, {"chip": "b200-sxm", "model": "llama-4-scout", "data": 1, "prompt": 128, "output": 128}, 25342),
    ("qualcomm_ai_hub", 0, {"chip": "snapdragon-8-elite", "model": "llama-3.1-8b", "quantity": "tokens_per_s"},
     13.0546),
    ("qualcomm_ai_hub", 0, {"chip": "snapdragon-8-elite", "model": "llama-3.1-8b", "quantity": "ttft"}, 0.154517),
    ("executorch", 0, {"chip": "snapdragon-8-gen-3", "model": "llama-3.2-1b", "weight_format": "bf16",
                       "quantity": "ttft"}, 64 / 60.3),
    ("splitwise_sim", 0, {"chip": "a100-80g", "model": "llama-2-70b", "tensor": 2, "batch": 1, "prompt": 1024,
                          "quantity": "ttft"}, 0.378),
    ("serving_published", 0, {"batch": 1, "quantity": "ttft"}, 0.40677),
    ("serving_published", 0, {"batch": 250, "quantity": "tokens_per_s"}, 920.12),
    ("blis_h100_vllm", 0, {"model": "llama-2-7b", "rate": 5.0001, "quantity": "tpot"}, 0.009265),
    ("vtrain", 0, {"chips": 2, "batch": 16, "microbatch": 8, "width": 1024, "layers": 24, "pipeline": 2}, 0.372160408),
    ("llm_foundry", 0, {"chip": "h100-sxm", "model": "mpt-70b", "chips": 512}, 4096 * 2048 / (1007 * 512)),
    ("megatron_seqpar", 0, {"model": "megatron-22B", "recompute": 1}, 1.42),
]  # fmt: skip
# bounds of what such runs can be, in SI units: a slipped prefix falls out of them
BOUNDS = {"latency": (1e-2, 1e4), "ttft": (5e-3, 200), "tpot": (1e-3, 1), "tokens_per_s": (1, 1e6), "": (1e-2, 1e3)}


@pytest.mark.parametrize("name", SETS)
def test_every_set_reads(measured, name):
    assert name in set_names()
    assert about(name).licence
    for part in measured(name):
        assert len(part) > 0
        assert part.set_name == name
        for column, values in part.columns.items():
            assert len(values) == len(part), column
            assert values.dtype.kind in "Uf", column
        for column in FAMILIES[part.family]:
            if not column.endswith("$"):
                assert np.isfinite(part[column]).all(), column
                assert (part[column] > 0).all(), column


@pytest.mark.parametrize("name", SETS)
def test_values_are_in_si_units(measured, name):
    for part in measured(name):
        quantities = part["quantity"] if part.family == "request" else np.full(len(part), "")
        for quantity in np.unique(quantities):
            least, most = BOUNDS[str(quantity)]
            values = part.measured[quantities == quantity]
            assert least <= values.min() <= values.max() <= most, quantity


@pytest.mark.parametrize("name", SETS)
def test_no_row_is_there_twice(measured, name):
    for part in measured(name):
        kept = [column for label, column in part.columns.items() if label not in {"value", "seconds", "power_w"}]
        keys = list(zip(*kept, strict=True))
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", [name for name in SETS if name not in {"vtrain", "llm_foundry", "megatron_seqpar"}])
def test_formats_are_the_products_own(measured, name):
    for part in measured(name):
        for column in ("weight_format", "activation_format", "kv_format"):
            for text in np.unique(part[column]):
                assert number_format(str(text)).name == text


@pytest.mark.parametrize(("name", "place", "says", "value"), BY_HAND)
def test_a_row_checked_by_hand(measured, name, place, says, value):
    part = measured(name)[place]
    mask = np.ones(len(part), dtype=bool)
    for column, wanted in says.items():
        mask &= part[column] == wanted
    assert mask.any()
    assert part.measured[mask] == pytest.approx(value, rel=0.005)


def test_power_is_in_watts(measured):
    power = next(part for part in measured("llm_inference_bench") if part.family == "power")
    assert 100 < power["power_w"].min() < power["power_w"].max() < 1000
    assert power["power_w"][0] == pytest.approx(222.12, abs=0.01)


def test_runs_of_llama_cpp_are_single_sequences_on_stages(measured):
    main = measured("llm_inference_bench")[0]
    alone = main["stack"] == "llama.cpp"
    assert (main["batch"][alone] == 1).all()
    assert (main["tensor"][alone] == 1).all()
    assert set(main["pipeline"][alone]) == {1.0, 2.0, 4.0}
    assert (main["pipeline"][~alone] == 1).all()


def test_layouts_keep_their_chips(measured):
    layouts = measured("llm_inference_bench")[1]
    assert set(layouts["part"]) == {"tp_ep_pp"}
    shared = layouts["expert"] > 1
    assert (layouts["tensor"][shared] == 4).all()
    both = (layouts["pipeline"] > 1) & (layouts["tensor"] > 1)
    assert (layouts["tensor"][both] * layouts["pipeline"][both] == 4).all()
