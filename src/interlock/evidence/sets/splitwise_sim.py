"""Splitwise: prompt and token times of static batches on DGX-A100 and DGX-H100.

departs: repeats are averaged. Whole-request times are left out: requests for thousands of tokens ended at an
         end-of-sequence token, so that they contradict prompt + tokens x token time. The power-capped H100 is left out,
         as the cap is not stated. Kernels were launched one by one from Python (30 ms a step on any number of H100).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from interlock.evidence.measurement import Measurements, spread, together, without_repeats
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table

ABOUT = About(
    title="Splitwise: prompt and token phases on A100 and H100 (Patel et al. 2024)",
    origin="github Mutinifni/splitwise-sim at 8f99e7dc, data/perf_model.csv",
    licence="MIT",
)
_CHIPS: Final = {"a100-80gb": "a100-80g", "h100-80gb": "h100-sxm", "h100-80gb-pcap": ""}
_MODELS: Final = {"llama2-70b": "llama-2-70b", "bloom-176b": "bloom-176b"}


def read(folder: Path) -> list[Measurements]:
    """Seconds to the first token, and for each token after it.

    Raises:
        InputError: a file that is not what it must be.
    """
    names = ["model", "hardware", "prompt_size", "batch_size", "token_size", "prompt_time", "token_time"]
    table = read_table(folder / "perf_model.csv.gz", [*names, "tensor_parallel"])
    chip = table.words("hardware", _CHIPS)
    parts = [
        Measurements(
            family="request",
            set_name="splitwise_sim",
            licence=ABOUT.licence,
            source=Source(kind=Evidence.MEASURED, ref="Splitwise, ISCA 2024; perf_model.csv of splitwise-sim"),
            columns=spread(
                chip=chip,
                stack="vllm-eager",
                model=table.words("model", _MODELS),
                weight_format="fp16",
                activation_format="fp16",
                kv_format="fp16",
                tensor=table.numbers("tensor_parallel", minimum=1),
                pipeline=1.0,
                expert=1.0,
                data=1.0,
                batch=table.numbers("batch_size", minimum=1),
                prompt=table.numbers("prompt_size", minimum=1),
                output=table.numbers("token_size", minimum=1),
                quantity=quantity,
                value=table.numbers(column, minimum=1e-3, maximum=1e7, scale=1e-3),
                static=1.0,
            ),
        ).where(chip != "")
        for quantity, column in (("ttft", "prompt_time"), ("tpot", "token_time"))
    ]
    return [without_repeats(together(parts))]
