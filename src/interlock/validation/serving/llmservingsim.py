"""LLMServingSim's vLLM runs, request by request: with its profile of the device, and blind.

idea:    the profile was measured kernel by kernel on the same device, never end to end; the scheduler is ours. Blind
         has the datasheet of the device, kernels fitted on other devices, what kernels lose on unlike sequences as
         other models showed it, and a host that was fitted on H100.
departs: prompts are told by their lengths, so that only what a request had cached itself is found again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.ragged import decoding_contexts
from interlock.errors import InputError
from interlock.evidence.table import read_table
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine
from interlock.validation.serving.blind import served
from interlock.validation.serving.driven import drive, latencies_of
from interlock.validation.serving.profile import read_profile
from interlock.validation.serving.ragged_fit import DEVICES
from interlock.validation.serving.replay import Beside, beside, replay, spread_of
from interlock.workloads.requests import Requests, requests

SET: Final = "llmservingsim"
_BLOCK: Final = 16
_FORMATS: Final = ("bf16", "bf16", "bf16")
_MODEL: Final = ("meta-llama/Llama-3.1-8B", "llama-3.1-8b", 32)
PROFILED: Final = "its kernels, profiled one by one on the same device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run: what was asked, how the engine was set, and the measured columns."""

    hardware: str
    asked: Requests
    max_num_seqs: int
    step_tokens: int
    kv_tokens: int | None
    measured: dict[str, NDArray[np.float64]]


def runs(folder: Path) -> list[Run]:
    """The runs that are there.

    Raises:
        InputError: a file that is not what it must be.
    """
    return [_run(folder, hardware) for hardware in DEVICES if (_file(folder, hardware, "meta.json")).exists()]


def _file(folder: Path, hardware: str, end: str) -> Path:
    return folder / f"e2e_{hardware}_Llama-3.1-8B_{end}"


def _run(folder: Path, hardware: str) -> Run:
    path = _file(folder, hardware, "meta.json")
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        seqs, tokens = (int(meta["engine_kwargs"][key]) for key in ("max_num_seqs", "max_num_batched_tokens"))
        kv_tokens = int(meta["kv_cache"]["num_kv_tokens"]) if "kv_cache" in meta else None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(str(path), f"{type(error).__name__}: {error}", "the settings of a run") from None
    names = ["input_tokens", "output_tokens", "queued_s", "first_token_s", "last_token_s"]
    table = read_table(_file(folder, hardware, "requests.csv.gz"), names)
    prompt, output, queued, first, last = (table.numbers(name) for name in names)
    order = np.argsort(queued, kind="stable")
    prompt, output, queued, first, last = (column[order] for column in (prompt, output, queued, first, last))
    blocks = [[row << 20 | at for at in range(int(tokens_in) // _BLOCK)] for row, tokens_in in enumerate(prompt)]
    return Run(
        hardware=hardware, max_num_seqs=seqs, step_tokens=tokens, kv_tokens=kv_tokens,
        asked=requests(queued - queued[0], prompt, output, prefixes=blocks, prefix_tokens=_BLOCK),
        measured={"ttft": first - queued, "tpot": (last - first) / (output - 1), "e2el": last - queued},
    )  # fmt: skip


def replayed(folder: Path) -> list[Beside]:
    """Each run with its profile, then blind."""
    found: list[Beside] = []
    name, ours, layers = _MODEL
    for run in runs(folder):
        rules = policy(
            f"sarathi-serve:token_budget={run.step_tokens}+prefix-cache:watermark=0", max_num_seqs=run.max_num_seqs
        )
        blind = served(
            DEVICES[run.hardware], ours, _FORMATS, tensor=1, stack="vllm-v1", max_num_seqs=run.max_num_seqs,
            step_tokens=run.step_tokens, drawn=decoding_contexts(run.asked.prompt, run.asked.output),
        )  # fmt: skip
        kv_tokens = run.kv_tokens or blind.kv_tokens
        profile = read_profile(folder, run.hardware, name, layers=layers)
        jobs, _ = drive(run.asked, rules, kv_tokens, profile.seconds)
        measured = spread_of(run.measured)
        label = f"{ours} on {run.hardware}"
        found += beside(SET, label, "profile", PROFILED, measured, spread_of(latencies_of(jobs)))
        _, columns = replay(run.asked, Engine(clock=blind.clock, kv_tokens=kv_tokens), rules)
        found += beside(SET, label, "blind", "", measured, spread_of(columns))
    return found
