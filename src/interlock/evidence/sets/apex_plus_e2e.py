"""APEX+: real vLLM runs of a 70B model on eight H100, request by request.

idea:    arrivals are Poisson; the rate of a replica is counted from the requests it really got.
departs: runs without a list of their requests have no rate and are left out. Engines other than vLLM print wrong times
         per token, and only those of vLLM are read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from interlock.errors import InputError
from interlock.evidence.measurement import Measurements, spread, together
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table, refuse_duplicates

ABOUT = About(
    title="APEX+: vLLM runs of Llama-3.1-70B on eight H100 (Lin et al. 2024)",
    origin="github microsoft/apex_plus at 87690965, vllm/results and traces",
    licence="MIT",
)
_SEQUENCES: Final = 256.0  # what vLLM 0.6 holds at most, by default


def read(folder: Path) -> list[Measurements]:
    """Mean first token, time per token and latency of each replica.

    Raises:
        InputError: a file that is not what it must be.
    """
    asked = read_table(folder / "requests.csv.gz", ["run", "request", "arrival_s", "prompt_tokens", "output_tokens"])
    refuse_duplicates(asked.where, {"run": asked.text("run"), "request": asked.text("request")})
    arrivals, output = asked.numbers("arrival_s"), asked.numbers("output_tokens", minimum=1, maximum=1e6)
    prompt = asked.numbers("prompt_tokens", minimum=1, maximum=1e6)
    runs = asked.text("run")
    names = ["run", "engine", "model", "layout", "mean_ttft_s", "mean_tpot_s", "sum_request_latency_s"]
    table = read_table(
        folder / "runs.csv", names, lambda row: row["engine"].startswith("vLLM") and row["run"] in set(runs)
    )
    refuse_duplicates(table.where, {"run": table.text("run")})
    sizes = [re.fullmatch(r"(?:\d+DP)?(\d+)TP", str(text)) for text in table.text("layout")]
    for row, size in enumerate(sizes):
        if size is None:
            raise InputError(
                table.where, repr(str(table.text("layout")[row])), "4TP or 2DP4TP", f"layout, row {table.rows[row]}"
            )
    mine = [runs == name for name in table.text("run")]
    counts = np.array([mask.sum() for mask in mine], dtype=float)
    values = {
        "ttft": table.numbers("mean_ttft_s", minimum=1e-4, maximum=1e4),
        "tpot": table.numbers("mean_tpot_s", minimum=1e-4, maximum=1e2),
        "latency": table.numbers("sum_request_latency_s", minimum=1e-3, maximum=1e8) / counts,
    }
    parts = [
        Measurements(
            family="request",
            set_name="apex_plus_e2e",
            licence=ABOUT.licence,
            source=Source(kind=Evidence.MEASURED, ref="APEX+, results of vLLM 0.6.0 on 8 x H100"),
            columns=spread(
                chip="h100-sxm",
                stack="vllm",
                model="llama-3.1-70b",
                weight_format="bf16",
                activation_format="bf16",
                kv_format="bf16",
                tensor=np.array([float(size[1]) for size in sizes if size]),
                pipeline=1.0,
                expert=1.0,
                data=1.0,
                batch=_SEQUENCES,
                prompt=np.array([prompt[mask].mean() for mask in mine]),
                output=np.array([output[mask].mean() for mask in mine]),
                quantity=quantity,
                value=value,
                static=0.0,
                rate=counts / np.array([arrivals[mask].max() for mask in mine]),
            ),
        )
        for quantity, value in values.items()
    ]
    return [together(parts)]
