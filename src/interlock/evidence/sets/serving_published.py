"""Published serving tables: NVIDIA NIM under a fixed number of requests in flight.

departs: the TensorRT-LLM table of this folder is the set `tensorrt_llm` a second time, and is read there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from interlock.evidence.measurement import Measurements, spread, together
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table, refuse_duplicates

ABOUT = About(
    title="NVIDIA NIM: Llama-3.3-70B FP8 on two H100, 5000 tokens in and 500 out",
    origin="NVIDIA NIM LLM benchmarking guide 1.0.0, page performance (NIM 1.8.0)",
    licence="quoted facts",
)
_MS: Final = 1e-3


def read(folder: Path) -> list[Measurements]:
    """First token, time per token and throughput at one to 250 requests in flight.

    Raises:
        InputError: a file that is not what it must be.
    """
    table = read_table(
        folder / "nim_llama33_70b_2xh100_fp8_tp2_5000_500.csv",
        ["concurrency", "ttft_mean_ms", "itl_mean_ms", "output_tok_s"],
    )
    refuse_duplicates(table.where, {"concurrency": table.text("concurrency")})
    values = {
        "ttft": table.numbers("ttft_mean_ms", minimum=1, scale=_MS),
        "tpot": table.numbers("itl_mean_ms", minimum=0.1, maximum=1e5, scale=_MS),
        "tokens_per_s": table.numbers("output_tok_s", minimum=0.1, maximum=1e6),
    }
    parts = [
        Measurements(
            family="request",
            set_name="serving_published",
            licence=ABOUT.licence,
            source=Source(kind=Evidence.MEASURED, ref="NVIDIA NIM LLM benchmarking guide", note="a vendor's own"),
            columns=spread(
                chip="h100-sxm",
                stack="trt-llm",
                model="llama-3.3-70b",
                weight_format="fp8-e4m3",
                activation_format="fp8-e4m3",
                kv_format="fp8-e4m3",
                tensor=2.0,
                pipeline=1.0,
                expert=1.0,
                data=1.0,
                batch=table.numbers("concurrency", minimum=1, maximum=1e5),
                prompt=5000.0,
                output=500.0,
                quantity=quantity,
                value=value,
                static=0.0,
            ),
        )
        for quantity, value in values.items()
    ]
    return [together(parts)]
