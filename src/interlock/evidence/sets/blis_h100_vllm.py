"""vLLM 0.15 under steady arrivals on H100, the load stages that BLIS was trained on.

departs: stages that failed requests (overload) have no steady state and are left out. Time per token is
         (latency - first token) / (output - 1): the printed gaps between tokens are about half of it.
         Prompts of a conversation share beginnings, so part of each is in the cache; how much is not printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements, spread, together
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table, refuse_duplicates

ABOUT = About(
    title="vLLM 0.15 load stages on H100-SXM (BLIS training set)",
    origin="github inference-sim/training at ed5c1d26, default_args/*/results",
    licence="none stated; quoted facts",
)
_SETUPS: Final = {  # model, chips
    "meta-llama/Llama-2-7b-hf": ("llama-2-7b", 1.0),
    "meta-llama/Llama-2-70b-hf": ("llama-2-70b", 4.0),
    "codellama/CodeLlama-34b-Instruct-hf": ("codellama-34b", 2.0),
    "mistralai/Mixtral-8x7B-v0.1": ("mixtral-8x7b", 2.0),
    "mistralai/Mixtral-8x7B-Instruct-v0.1": ("mixtral-8x7b", 2.0),
}
_SEQUENCES: Final = 128.0  # max_num_seqs
_TIMES: Final = {"ttft": "ttft_mean_ms", "tpot": "tpot_derived_ms", "latency": "e2e_mean_ms"}


def read(folder: Path) -> list[Measurements]:
    """First token, time per token and latency at a constant rate of requests.

    Raises:
        InputError: a file that is not what it must be.
    """
    table = read_table(
        folder / "runs.csv",
        ["run", "stage", "model", "achieved_rate", "in_len_mean", "out_len_mean", "overload", *_TIMES.values()],
    )
    refuse_duplicates(table.where, {"run": table.text("run"), "stage": table.text("stage")})
    model = table.words("model", {name: ours for name, (ours, _) in _SETUPS.items()})
    chips = dict(_SETUPS.values())
    steady = table.text("overload") == "False"
    parts = [
        Measurements(
            family="request",
            set_name="blis_h100_vllm",
            licence=ABOUT.licence,
            source=Source(kind=Evidence.MEASURED, ref="inference-sim/training, results of 24 load stages"),
            columns=spread(
                chip="h100-sxm",
                stack="vllm-v1",
                model=model,
                weight_format="fp16",
                activation_format="fp16",
                kv_format="fp16",
                tensor=np.array([chips[str(name)] for name in model]),
                pipeline=1.0,
                expert=1.0,
                data=1.0,
                batch=_SEQUENCES,
                prompt=table.numbers("in_len_mean", minimum=1, maximum=1e6),
                output=table.numbers("out_len_mean", minimum=1, maximum=1e6),
                quantity=quantity,
                value=table.numbers(column, minimum=0.1, maximum=1e7, scale=1e-3),
                static=0.0,
                rate=table.numbers("achieved_rate", minimum=1e-3, maximum=1e5),
            ),
        ).where(steady)
        for quantity, column in _TIMES.items()
    ]
    return [together(parts)]
