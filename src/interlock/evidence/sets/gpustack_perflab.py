"""GPUStack's lab: bursts of requests on vLLM, SGLang and TensorRT-LLM.

idea:    all requests arrive at once and decoding is saturated; prompts and outputs are the means of the run.
departs: only plain launch lines are read: an engine, a model of the catalogue, its degrees, and settings that change no
         work. Lines of another model than their page, speculation, and runs under a rate are left out. First-token
         times of a burst are queueing, and only throughput is read. vLLM holds 256 sequences on an A100, the others
         of these engines 1,024 or more. An A100 has no FP8, and multiplies FP8 weights in BF16.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements, spread, without_repeats
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table

ABOUT = About(
    title="GPUStack performance lab: bursts of vllm bench serve",
    origin="github gpustack/gpustack at 47277d79, docs/performance-lab",
    licence="Apache-2.0",
)
_CHIPS: Final = {"H100": "h100-sxm", "H200": "h200-sxm", "A100": "a100-80g"}
_STACKS: Final = {"vllm serve": "vllm-v1", "sglang.launch_server": "sglang", "trtllm-serve": "trt-llm"}
_MODELS: Final = {
    "Qwen3-8B": "qwen3-8b", "Qwen3-14B": "qwen3-14b", "Qwen3-32B": "qwen3-32b", "Qwen3-30B-A3B": "qwen3-30b-a3b",
    "Qwen3-235B-A22B-Instruct-2507": "qwen3-235b-a22b", "DeepSeek-R1-0528": "deepseek-v3",
}  # fmt: skip
_FORMATS: Final = {  # weights, activations
    "": ("bf16", "bf16"),
    "-FP8": ("fp8-e4m3", "fp8-e4m3"),
    "-AWQ": ("int4-g128-asym", "bf16"),
}
_TENSOR: Final = re.compile(r"(?:-tp|--tp|--tp-size|--tp_size|--tensor-parallel-size)[ =](\d+)")
_EXPERT: Final = re.compile(r"--ep_size[ =]\d+|--enable-expert-parallel")
_IDLE: Final = re.compile(
    r"--(?:host|port|max-model-len|max_seq_len|max-num-batched-tokens|max_num_tokens|context-length)[ =]\S+"
    r"|--(?:enable_chunked_prefill|async-scheduling|trust-remote-code)|--model(?:-path)? "
)


@dataclass(frozen=True, slots=True)
class _Launch:
    """What a launch line says."""

    stack: str
    model: str
    formats: tuple[str, str]
    tensor: float
    expert: float


def read(folder: Path) -> list[Measurements]:
    """Output tokens a second of each burst.

    Raises:
        InputError: a file that is not what it must be.
    """
    names = ["model", "hardware", "serve_command", "requests", "input_tokens", "output_tokens", "output_tok_s"]
    table = read_table(folder / "vllm_bench_serve.csv", [*names, "peak_concurrent"], _is_plain)
    launches = [_launch(str(text)) for text in table.text("serve_command")]
    told = [launch for launch in launches if launch is not None]
    chip = np.array([_chip(str(text)) for text in table.text("hardware")])
    stack = np.array([launch.stack for launch in told])
    requests = table.numbers("requests", minimum=1, maximum=1e6)
    columns = spread(
        chip=chip,
        stack=stack,
        model=np.array([launch.model for launch in told]),
        weight_format=np.array([launch.formats[0] for launch in told]),
        activation_format=np.where(chip == "a100-80g", "bf16", np.array([launch.formats[1] for launch in told])),
        kv_format="bf16",
        tensor=np.array([launch.tensor for launch in told]),
        pipeline=1.0,
        expert=np.array([launch.expert for launch in told]),
        data=1.0,
        batch=np.minimum(requests, np.where((stack == "vllm-v1") & (chip == "a100-80g"), 256.0, 1024.0)),
        prompt=table.numbers("input_tokens", minimum=1, maximum=1e9) / requests,
        output=table.numbers("output_tokens", minimum=1, maximum=1e9) / requests,
        quantity="tokens_per_s",
        value=table.numbers("output_tok_s", minimum=0.1, maximum=1e6),
        static=0.0,
    )
    source = Source(kind=Evidence.MEASURED, ref="GPUStack performance lab")
    return [
        without_repeats(
            Measurements(
                family="request", set_name="gpustack_perflab", licence=ABOUT.licence, source=source, columns=columns
            )
        )
    ]


def _is_plain(row: Mapping[str, str]) -> bool:
    launch = _launch(row["serve_command"])
    page = next((name for name in sorted(_MODELS, key=len, reverse=True) if name in row["model"]), None)
    burst = row["peak_concurrent"] == "" or row["peak_concurrent"] == f"{row['requests']}.00"
    return (
        launch is not None
        and page is not None
        and launch.model == _MODELS[page]
        and burst
        and _chip(row["hardware"]) != ""
    )


def _chip(text: str) -> str:
    return next((chip for token, chip in _CHIPS.items() if token in text), "")


def _launch(text: str) -> _Launch | None:
    stack = next((name for token, name in _STACKS.items() if token in text), None)
    path = re.search(r"(?:Qwen|deepseek-ai|/workspace)/(\S+)", text)
    if stack is None or path is None:
        return None
    match = re.fullmatch(r"(.+?)(-FP8|-AWQ)?", path[1])
    size = _TENSOR.search(text)
    rest = text
    for pattern in (_TENSOR, _EXPERT, _IDLE):
        rest = pattern.sub("", rest)
    if match is None or match[1] not in _MODELS or "--" in rest:
        return None
    model = _MODELS[match[1]]
    tensor = float(size[1]) if size else 1.0
    stored = "-FP8" if model == "deepseek-v3" else match[2] or ""
    return _Launch(stack, model, _FORMATS[stored], tensor, tensor if _EXPERT.search(text) else 1.0)
