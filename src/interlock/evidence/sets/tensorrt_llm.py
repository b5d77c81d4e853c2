"""TensorRT-LLM's own table: output tokens a second of a deployment with every request waiting from the start.

departs: the batch is as many sequences as fit, at most 2048 in each replica (what the tables' launch lines capture).
         Expert models run attention as replicas (attention DP) with the experts over all chips.
         KV caches are FP8 in both FP8 and FP4 checkpoints, as their quantisation files say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table, refuse_duplicates

ABOUT = About(
    title="TensorRT-LLM: offline maximum throughput",
    origin="github NVIDIA/TensorRT-LLM at 00f37686, docs/source/performance/perf-overview.md",
    licence="Apache-2.0",
)
_CHIPS: Final = {
    "B200": "b200-sxm", "GB200": "gb200", "H200": "h200-sxm", "H100": "h100-sxm", "RTX6000Pro": "rtx-pro-6000-server",
}  # fmt: skip
_MODELS: Final = {
    "Llama 4 Scout": "llama-4-scout", "Llama 4 Maverick": "llama-4-maverick", "Llama 3.3 70B": "llama-3.3-70b",
    "Llama 3.1 405B": "llama-3.1-405b", "Llama 3.1 8B": "llama-3.1-8b", "Qwen3-30B-A3B": "qwen3-30b-a3b",
    "Qwen3-235B-A22B": "qwen3-235b-a22b",
}  # fmt: skip
_EXPERTS: Final = ("llama-4-scout", "llama-4-maverick", "qwen3-30b-a3b", "qwen3-235b-a22b")
_SEQUENCES: Final = 2048.0


def read(folder: Path) -> list[Measurements]:
    """Output tokens a second of the whole deployment.

    Raises:
        InputError: a file that is not what it must be.
    """
    keys = ["model", "gpu", "tp", "pp", "quant", "isl", "osl"]
    table = read_table(folder / "offline_max_throughput.csv", [*keys, "output_tokens_per_s_total"])
    refuse_duplicates(table.where, {name: table.text(name) for name in keys})
    model = table.words("model", _MODELS)
    shared = np.isin(model, _EXPERTS)
    chips, pipeline = table.numbers("tp", minimum=1), table.numbers("pp", minimum=1)
    formats = table.words("quant", {"FP8": "fp8-e4m3", "FP4": "nvfp4"})
    columns = spread(
        chip=table.words("gpu", _CHIPS),
        stack="trt-llm",
        model=model,
        weight_format=formats,
        activation_format=formats,
        kv_format="fp8-e4m3",
        tensor=np.where(shared, 1.0, chips),
        pipeline=pipeline,
        expert=np.where(shared, chips, 1.0),
        data=np.where(shared, chips, 1.0),
        batch=_SEQUENCES,
        prompt=table.numbers("isl", minimum=1),
        output=table.numbers("osl", minimum=1),
        quantity="tokens_per_s",
        value=table.numbers("output_tokens_per_s_total", minimum=1),
        static=0.0,
    )
    source = Source(kind=Evidence.MEASURED, ref="TensorRT-LLM performance overview, v1.0 tables", note="a vendor's own")
    return [
        Measurements(
            family="request", set_name="tensorrt_llm", licence=ABOUT.licence, source=source, columns=columns
        )
    ]  # fmt: skip
