"""APEX+'s vLLM runs of a 70B model on eight H100: the host calibrated on one run, all other runs held out.

idea:    kernels are what the cost model says of H100 (calibrated on other data); of the engine two numbers are missing,
         the host's time in a step and before a first token. The first run of the file gives them, by its mean TPOT and
         TTFT; the rest are predictions, at other degrees, other rates and on another trace.
departs: vLLM 0.6 reads prompts of this model in chunks of 512 tokens beside decoding, as it does by default for
         contexts beyond 32k.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from interlock.cost.stack import Stack, stacks
from interlock.evidence.table import read_table
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine
from interlock.validation.serving.blind import served
from interlock.validation.serving.replay import Beside, beside, replay
from interlock.workloads.requests import Requests, requests

SET: Final = "apex_plus_e2e"
SEEN: Final = "its own mean TPOT and TTFT"
HELD_OUT: Final = "mean TPOT and TTFT of one other run"
_SEQUENCES: Final = 256
_FORMATS: Final = ("bf16", "bf16", "bf16")
_POLICY: Final = "sarathi-serve:token_budget=512+paged"
_ROUNDS: Final = 4


def replayed(folder: Path) -> list[Beside]:
    """Every run whose requests are there.

    Raises:
        InputError: a file that is not what it must be.
    """
    asked = read_table(folder / "requests.csv.gz", ["run", "arrival_s", "prompt_tokens", "output_tokens"])
    names = asked.text("run")
    columns = [asked.numbers(name) for name in ("arrival_s", "prompt_tokens", "output_tokens")]
    table = read_table(
        folder / "runs.csv", ["run", "layout", "mean_ttft_s", "mean_tpot_s"], lambda row: row["run"] in set(names)
    )
    degrees = [int(cut[1]) for text in table.text("layout") if (cut := re.search(r"(\d+)TP", str(text)))]
    means = zip(table.numbers("mean_ttft_s").tolist(), table.numbers("mean_tpot_s").tolist(), strict=True)
    found: list[Beside] = []
    host: Stack | None = None
    for name, tensor, (ttft, tpot) in zip(table.text("run"), degrees, means, strict=True):
        mine = names == name
        come = requests(*(column[mine] for column in columns), sort=True)
        measured = {"ttft_mean": ttft, "tpot_mean": tpot}
        knows = HELD_OUT if host else SEEN
        if host is None:
            host = calibrated_host(come, tensor, measured)
        predicted = _means(come, tensor, host)
        found += beside(SET, str(name).replace("_validation", ""), "calibrated", knows, measured, predicted)
    return found


def calibrated_host(come: Requests, tensor: int, measured: dict[str, float]) -> Stack:
    """The host's time in a step and before a first token, with which a run has its mean TPOT and TTFT."""
    host = replace(stacks()["ideal"], step_s=0.0)
    for _ in range(_ROUNDS):  # both figures grow almost as their own number does
        got = _means(come, tensor, host)
        step = max(host.step_s + measured["tpot_mean"] - got["tpot_mean"], 0.0)
        first = host.first_s + measured["ttft_mean"] - got["ttft_mean"] - 1.5 * (step - host.step_s)
        host = replace(host, step_s=step, first_s=max(first, 0.0))
    return host


def _means(come: Requests, tensor: int, host: Stack) -> dict[str, float]:
    there = served(
        "h100-sxm", "llama-3.1-70b", _FORMATS, tensor=tensor, stack="vllm", host=host, max_num_seqs=_SEQUENCES,
        memory_share=0.97, step_tokens=512,
    )  # fmt: skip
    engine = Engine(clock=there.clock, kv_tokens=there.kv_tokens)
    _, columns = replay(come, engine, policy(_POLICY, max_num_seqs=_SEQUENCES))
    return {
        "ttft_mean": float(columns["ttft"].mean()) + there.first_s,
        "tpot_mean": float(np.nanmean(columns["tpot"])),
    }
