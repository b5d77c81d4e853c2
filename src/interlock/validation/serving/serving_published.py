"""Published tables of serving: whether the order of their rows is ours, too.

idea:    NIM's table is replayed with as many requests in flight as it says; TensorRT-LLM's, at saturation, by the
         steady state that `validation.requests` prices. Both are blind. What counts is the rank correlation (Spearman).
departs: eight rounds of requests at each concurrency stand for the benchmark's run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.evidence.table import read_table
from interlock.serving.metrics import measure
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate
from interlock.validation.requests import predict, stacks
from interlock.validation.serving.blind import served
from interlock.validation.serving.replay import Beside, beside
from interlock.workloads.requests import requests

SET: Final = "serving_published"
_TABLE: Final = "nim_llama33_70b_2xh100_fp8_tp2_5000_500.csv"
_SATURATED: Final = "trtllm_perf_overview.csv"
_CHIPS: Final = {
    "H100": "h100-sxm", "H200": "h200-sxm", "B200": "b200-sxm", "GB200": "gb200", "RTX6000PRO": "rtx-pro-6000-server",
}  # fmt: skip
_FORMATS: Final = {"FP8": "fp8-e4m3", "FP4": "nvfp4"}
_IN_FLIGHT: Final = 2048.0  # TensorRT-LLM's own limit of a batch
_PROMPT, _OUTPUT, _ROUNDS, _MOST = 5000, 500, 8, 256
Floats = NDArray[np.float64]


def replayed(folder: Path) -> list[Beside]:
    """NIM's rows, and the rank correlations of both tables beside 1.

    Raises:
        InputError: a file that is not what it must be.
    """
    table = read_table(folder / _TABLE, ["concurrency", "ttft_mean_ms", "itl_mean_ms", "output_tok_s"])
    measured = {
        "ttft_mean": table.numbers("ttft_mean_ms", scale=1e-3),
        "itl_mean": table.numbers("itl_mean_ms", scale=1e-3),
        "tokens_per_s": table.numbers("output_tok_s"),
    }
    there = served(
        "h100-sxm", "llama-3.3-70b", ("fp8", "fp8", "fp8"), tensor=2, stack="trt-llm", max_num_seqs=_MOST,
        step_tokens=8192,
    )  # fmt: skip
    found: list[Beside] = []
    got: dict[str, list[float]] = {name: [] for name in measured}
    for row, flight in enumerate(table.counts("concurrency").astype(int).tolist()):
        count = max(_ROUNDS * flight, 8)
        engine = Engine(clock=there.clock, kv_tokens=there.kv_tokens, concurrency=flight)
        come = requests(np.zeros(count), np.full(count, _PROMPT), np.full(count, _OUTPUT))
        rules = policy("sarathi-serve:token_budget=8192+exact", max_num_seqs=_MOST)
        m = measure(simulate(come, engine, rules))
        told = {name: float(values[row]) for name, values in measured.items()}
        now = {"ttft_mean": m.ttft.mean + there.first_s, "itl_mean": m.itl.mean, "tokens_per_s": m.output_throughput}
        for name, value in now.items():
            got[name].append(value)
        found += beside(SET, f"NIM, {flight} in flight", "blind", "", told, now)
    ranks = {f"rank correlation of {name}": rank_correlation(values, np.array(got[name])) for name, values in
             measured.items()}  # fmt: skip
    found += beside(SET, "NIM", "blind", "", dict.fromkeys(ranks, 1.0), ranks)
    return found + _saturated(folder)


def _saturated(folder: Path) -> list[Beside]:
    """TensorRT-LLM's table: tokens a second of all chips of a replica, for the models that the catalogue has."""
    table = read_table(
        folder / _SATURATED,
        ["model", "gpu", "layout", "precision", "isl", "osl", "num_requests", "output_tok_s"],
        lambda row: row["gpu"] in _CHIPS and row["precision"] in _FORMATS,
    )
    told = table.numbers("output_tok_s")
    degrees = [
        (float(cut[1]), float(cut[2] or 1)) if (cut := re.fullmatch(r"TP(\d+)(?:PP(\d+))?", str(text))) else (1.0, 1.0)
        for text in table.text("layout")
    ]
    weights = table.words("precision", _FORMATS)
    part = Measurements(
        family="request", set_name=SET, licence="Apache-2.0",
        source=Source(kind=Evidence.MEASURED, ref="TensorRT-LLM 1.0, perf-overview", note="a vendor's own"),
        columns=spread(
            chip=table.words("gpu", _CHIPS), stack="trt-llm-v1",
            model=np.array([str(name).lower() for name in table.text("model")]), weight_format=weights,
            activation_format=weights, kv_format="fp8-e4m3", tensor=np.array([cut[0] for cut in degrees]),
            pipeline=np.array([cut[1] for cut in degrees]), expert=1.0, data=1.0,
            batch=np.minimum(table.numbers("num_requests"), _IN_FLIGHT), prompt=table.numbers("isl"),
            output=table.numbers("osl"), quantity="tokens_per_s", value=told, static=0.0,
        ),
    )  # fmt: skip
    said = predict(part, stacks("stacks_fitted"))
    known = np.isfinite(said)
    rank = {"rank correlation of tokens_per_s": rank_correlation(told, said)}
    name = f"TensorRT-LLM at saturation, {int(known.sum())} of {len(told)} rows"
    return beside(SET, name, "steady state", "", dict.fromkeys(rank, 1.0), rank)


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's: the correlation of ranks, ties at their mean; rows that one of both does not have are left out."""
    known = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(_ranks(one[known]), _ranks(other[known]))[0, 1])


def _ranks(values: Floats) -> Floats:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2.0)[place], dtype=float)
