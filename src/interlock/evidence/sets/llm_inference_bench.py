"""LLM-Inference-Bench: whole batches of equal requests, from the first prompt to the last token, on nine accelerators.

idea:    batch requests of n tokens in and n out start together; the latency is until the last has ended.
departs: "batch" of llama.cpp is how much of one prompt a step reads (its throughput is 2n / latency, and 64 end sooner
         than 1), and its chips hold layers, one after the other; so it is read as one sequence, `chunk` and stages.
         A run that ended sooner than the same at half its length was cut short and is left out.
         With TensorRT-LLM a batch of Mixtral is faster than reading all experts allows: its benchmark repeats one
         prompt, whose copies choose the same experts; `skew` says so.
         Runs of the same thing are averaged, and the smaller tables keep what the main one does not have.
         The A100 is the 40 GB one. Power is in milliwatts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.evidence.measurement import Measurements, spread, without_repeats
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import Table, read_table

ABOUT = About(
    title="LLM-Inference-Bench: static batches on nine accelerators (Chitty-Venkata et al. 2024)",
    origin="github argonne-lcf/LLM-Inference-Bench at 4211f5d4, Plots/",
    licence="BSD-3-Clause",
)
_SOURCE: Final = Source(kind=Evidence.MEASURED, ref="LLM-Inference-Bench, PMBS at SC24; the repository's Plots/")
_LONGEST: Final = 1e5  # seconds

# The first that is part of the printed name; the GH200 may be either variant, a device of an MI250 is a die of it.
_CHIPS: Final = {
    "gh200": "gh200-96g", "a100": "a100-40g", "h100": "h100-sxm", "mi250": "mi250x-gcd", "mi300": "mi300x",
    "max": "max-1550", "pvc": "max-1550", "gaudi": "gaudi2", "sn40l": "sn40l", "sambanova": "sn40l",
}  # fmt: skip
_STACKS: Final = {
    "tensorrt": "trt-llm", "vllm": "vllm", "llama.cpp": "llama.cpp", "deepspeed": "deepspeed",
    "sambaflow": "sambaflow", "hugging": "hf",
}  # fmt: skip
_MODELS: Final = {
    "meta-llama-3-8b": "llama-3-8b", "meta-llama-3-70b": "llama-3-70b", "llama-2-7b-hf": "llama-2-7b",
    "llama-2-70b-hf": "llama-2-70b", "mixtral-8x7b-v0.1": "mixtral-8x7b",
    "qwen2-7b": "qwen-2.5-7b", "qwen2-72b": "qwen-2.5-72b", "qwen1.5-7b": "qwen-7b",  # the same shapes
}  # fmt: skip
_KEYS: Final = ["Hardware", "Num of Hardware", "Framework", "Model", "Input Output Length", "Batch Size"]


def read(folder: Path) -> list[Measurements]:
    """The main table, and those of layouts, number formats, lengths and power, where they are there.

    Raises:
        InputError: a file that is not what it must be.
    """
    main = _static(folder / "e2e_all.csv.gz", {}, whole=True)
    found = [main]
    if (path := folder / "tp_ep_pp.csv").is_file():
        found.append(_beyond(main, _static(path, {"Parallelism Type": _layout})))
    if (path := folder / "quant.csv").is_file():
        found.append(_beyond(main, _static(path, {"kv_cache_dtype": _formats})))
    if (path := folder / "heatmap_in_out.csv").is_file():
        found.append(_beyond(main, _heatmap(path)))
    if (path := folder / "power_a100_h100.csv").is_file():
        found.append(_power(path))
    return found


def _static(path: Path, change: Mapping[str, Any], *, whole: bool = False) -> Measurements:
    spelt = ("Latency", "Throughput") if not path.name.startswith("quant") else ("latency", "throughput")
    table = read_table(path, [*_KEYS, *change, *spelt])
    columns = _columns(table, path.stem.split(".")[0])
    for name, changed in change.items():
        columns |= changed(table, name, columns)
    columns["value"] = table.numbers(spelt[0], minimum=1e-4, maximum=_LONGEST)
    _check_throughput(table, spelt[1], columns)
    found = without_repeats(_request(columns))
    return found.where(~_cut_short(found)) if whole else found


def _columns(table: Table, part: str) -> dict[str, NDArray[Any]]:
    """What all tables with the long headers say."""
    chips = table.numbers("Num of Hardware", minimum=1, maximum=1024)
    length = table.numbers("Input Output Length", minimum=1, maximum=1e6)
    batch = table.numbers("Batch Size", minimum=1, maximum=1e5)
    stack = _named(table, "Framework", _STACKS)
    alone = stack == "llama.cpp"
    model = [str(name).split("/")[-1].lower() for name in table.text("Model")]
    return spread(
        chip=_named(table, "Hardware", _CHIPS),
        stack=stack,
        model=np.array([_MODELS.get(name, name) for name in model]),
        weight_format="fp16",
        activation_format="fp16",
        kv_format="fp16",
        tensor=np.where(alone, 1.0, chips),
        pipeline=np.where(alone, chips, 1.0),
        expert=1.0,
        data=1.0,
        batch=np.where(alone, 1.0, batch),
        prompt=length,
        output=length,
        quantity="latency",
        value=0.0,
        static=1.0,
        chunk=np.where(alone, batch, 0.0),
        skew=np.where(stack == "trt-llm", 4.0, 0.0),
        part=part,
    )


def _named(table: Table, column: str, names: Mapping[str, str]) -> NDArray[np.str_]:
    found = []
    for row, text in enumerate(table.text(column)):
        matches = [name for token, name in names.items() if token in str(text).lower()]
        if not matches:
            raise InputError(
                table.where, repr(str(text)), f"a name with {', '.join(names)}", f"{column}, row {table.rows[row]}"
            )
        found.append(matches[0])
    return np.array(found)


def _check_throughput(table: Table, name: str, columns: Mapping[str, NDArray[Any]]) -> None:
    """Throughput counts tokens in and out, so it says whether the latency is in seconds and of which batch."""
    printed = table.numbers(name, minimum=0)
    expected = columns["batch"] * (columns["prompt"] + columns["output"]) / columns["value"]
    for row in np.flatnonzero(np.abs(printed / expected - 1.0) > 0.02).tolist():
        raise InputError(
            table.where,
            f"{printed[row]:g}",
            f"{expected[row]:g} tokens/s, as the latency says",
            f"{name}, row {table.rows[row]}",
        )


def _layout(table: Table, name: str, columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """TP, PP, EP, or two of them with their degrees; expert ranks lie inside the tensor-parallel group."""
    degrees = np.ones((3, len(table)))
    for row, text in enumerate(table.text(name)):
        chips = columns["tensor"][row]
        used = [axis for axis in ("Tensor|TP", "Pipeline|PP", "EP") if re.search(axis, str(text))]
        if not used:
            raise InputError(
                table.where, repr(str(text)), "TP, PP, EP or two of them", f"{name}, row {table.rows[row]}"
            )
        each = chips if len(used) == 1 else 2.0
        tensor, pipeline, expert = (each if axis in used else 1.0 for axis in ("Tensor|TP", "Pipeline|PP", "EP"))
        degrees[:, row] = (max(tensor, expert) if len(used) == 1 else chips / pipeline), pipeline, expert
    return {"tensor": degrees[0], "pipeline": degrees[1], "expert": degrees[2]}


def _formats(table: Table, name: str, _columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """ "Weight = fp8, KV Cache = int8"; FP8 weights have FP8 activations, INT8 ones are widened."""
    pairs = table.pattern(name, r"Weight = (\w+), KV Cache = (\w+)")
    full = {"fp8": "fp8-e4m3"}
    weight, cache = ([full.get(str(word), str(word)) for word in words] for words in pairs)
    activation = ["fp8-e4m3" if item == "fp8-e4m3" else "fp16" for item in weight]
    return {
        "weight_format": np.array(weight), "activation_format": np.array(activation), "kv_format": np.array(cache)
    }  # fmt: skip


def _heatmap(path: Path) -> Measurements:
    """Unequal lengths, Llama-3-8B with TensorRT-LLM; its 128 + 128 is the main table's on the A100."""
    table = read_table(path, ["max_input_length", "max_output_len", "batch_size", "latency", "throughput"])
    columns = spread(
        chip="a100-40g",
        stack="trt-llm",
        model="llama-3-8b",
        weight_format="fp16",
        activation_format="fp16",
        kv_format="fp16",
        tensor=table.numbers("tp_size", minimum=1),
        pipeline=1.0,
        expert=1.0,
        data=1.0,
        batch=table.numbers("batch_size", minimum=1),
        prompt=table.numbers("max_input_length", minimum=1),
        output=table.numbers("max_output_len", minimum=1),
        quantity="latency",
        value=table.numbers("latency", minimum=1e-4, maximum=_LONGEST),
        static=1.0,
        chunk=0.0,
        skew=0.0,
        part=path.stem,
    )
    _check_throughput(table, "throughput", columns)
    return without_repeats(_request(columns))


def _power(path: Path) -> Measurements:
    table = read_table(path, [*_KEYS, "Latency", "avg_power"])
    columns = _columns(table, path.stem) | spread(
        family=np.full(len(table), "request"),
        power_w=table.numbers("avg_power", minimum=1e3, maximum=1e8, scale=1e-3),
        seconds=table.numbers("Latency", minimum=1e-4, maximum=_LONGEST),
    )
    kept = {name: column for name, column in columns.items() if name not in {"value", "quantity"}}
    return Measurements(
        family="power", set_name="llm_inference_bench", licence=ABOUT.licence, source=_SOURCE, columns=kept
    )


def _request(columns: Mapping[str, NDArray[Any]]) -> Measurements:
    return Measurements(
        family="request", set_name="llm_inference_bench", licence=ABOUT.licence, source=_SOURCE, columns=columns
    )


def _beyond(main: Measurements, part: Measurements) -> Measurements:
    """The rows of a smaller table that the main one does not repeat."""
    names = [name for name in main.columns if name not in {"value", "part", "skew"}]
    known = set(zip(*(main[name] for name in names), strict=True))
    return part.where(np.array([key not in known for key in zip(*(part[name] for name in names), strict=True)]))


def _cut_short(m: Measurements) -> NDArray[np.bool_]:
    """Rows that end sooner than the same request of half its length."""
    same = ("chip", "stack", "model", "tensor", "pipeline", "batch", "chunk")
    keys = list(zip(*(m[name] for name in same), m["prompt"], strict=True))
    seconds = dict(zip(keys, m["value"], strict=True))
    return np.array([
        value < seconds.get((*key[:-1], key[-1] / 2), 0.0) for key, value in zip(keys, m["value"], strict=True)
    ])  # fmt: skip
