"""vLLM 0.15 under steady arrivals on H100: load stages that are not overloaded, blind.

idea:    requests come at even gaps, of the mean lengths of their stage; the first tokens of a prompt are one of a few
         system prompts, which the prefix cache finds again.
departs: the spread of lengths is not printed, so all requests of a stage are alike; two minutes stand for ten.
         Of a conversation only the system prompt is shared, since how much more is not printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.table import Table, read_table
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine
from interlock.validation.serving.blind import served
from interlock.validation.serving.replay import Beside, beside, replay, spread_of
from interlock.workloads.requests import Requests, requests

SET: Final = "blis_h100_vllm"
SHOWN_S: Final = 120.0
_SEQUENCES: Final = 128
_BLOCK: Final = 16
_POLICY: Final = "sarathi-serve:token_budget=2048+prefix-cache:watermark=0"
_SETUPS: Final = {
    "meta-llama/Llama-2-7b-hf": ("llama-2-7b", 1),
    "meta-llama/Llama-2-70b-hf": ("llama-2-70b", 4),
    "codellama/CodeLlama-34b-Instruct-hf": ("codellama-34b", 2),
    "mistralai/Mixtral-8x7B-v0.1": ("mixtral-8x7b", 2),
    "mistralai/Mixtral-8x7B-Instruct-v0.1": ("mixtral-8x7b", 2),
}
_FIGURES: Final = {
    "e2el_mean": "e2e_mean_ms", "e2el_p99": "e2e_p99_ms", "ttft_mean": "ttft_mean_ms", "ttft_p99": "ttft_p99_ms",
    "tpot_mean": "tpot_derived_ms",
}  # fmt: skip


def replayed(folder: Path) -> list[Beside]:
    """Every stage that served all requests in time.

    Raises:
        InputError: a file that is not what it must be.
    """
    names = ["run", "stage", "model", "overload", "achieved_rate", "in_len_mean", "out_len_mean", *_FIGURES.values()]
    more = ["system_prompt_len", "unique_system_prompts"]
    table = read_table(folder / "runs.csv", [*names, *more], lambda row: row["overload"] == "False")
    found: list[Beside] = []
    measured = {figure: table.numbers(column, scale=1e-3) for figure, column in _FIGURES.items()}
    for row, come in enumerate(_asked(table)):
        name, tensor = _SETUPS[str(table.text("model")[row])]
        there = served(
            "h100-sxm", name, ("fp16", "fp16", "fp16"), tensor=tensor, stack="vllm-v1", max_num_seqs=_SEQUENCES
        )  # fmt: skip
        engine = Engine(clock=there.clock, kv_tokens=there.kv_tokens)
        _, columns = replay(come, engine, policy(_POLICY, max_num_seqs=_SEQUENCES))
        told = {figure: float(values[row]) for figure, values in measured.items()}
        run = f"{table.text('run')[row]} stage {table.text('stage')[row]}"
        found += beside(SET, run, "blind", "", told, spread_of(columns))
    return found


def _asked(table: Table) -> list[Requests]:
    columns = [table.numbers(name) for name in ("achieved_rate", "in_len_mean", "out_len_mean")]
    shared = zip(table.counts("system_prompt_len"), table.counts("unique_system_prompts"), strict=True)
    found = []
    for rate, prompt, output, (length, kinds) in zip(*columns, shared, strict=True):
        count = int(rate * SHOWN_S)
        blocks = int(length) // _BLOCK
        prefixes = [[int(row % kinds) << 20 | at for at in range(blocks)] for row in range(count)]
        found.append(
            requests(
                np.arange(count) / rate, np.full(count, round(prompt)), np.full(count, round(output)),
                prefixes=prefixes, prefix_tokens=_BLOCK,
            )
        )  # fmt: skip
    return found
