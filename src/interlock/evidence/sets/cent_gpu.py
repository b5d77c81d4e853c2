"""CENT's baseline: board power of A100 cards while vLLM serves Llama 2, by phase.

departs: throughputs and latencies are of whole requests whose batch is not stated; only the power is read, a chip, and
         the time of a row is the whole run's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.errors import InputError
from interlock.evidence.measurement import Column, Measurements
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table

ABOUT = About(
    title="CENT (ASPLOS 2025): power of A100 cards serving Llama 2",
    origin="github.com/Yufeng98/CENT, commit 8c797860, data/GPU_*.csv",
    licence="MIT",
)
_MODELS: Final = {"Llama2-7B": "llama-2-7b", "Llama2-13B": "llama-2-13b", "Llama2-70B": "llama-2-70b"}
_CHIPS: Final = {"llama-2-7b": 1.0, "llama-2-13b": 2.0, "llama-2-70b": 4.0}
_PHASES: Final = {"prefill": "prefill", "decoding": "decode"}
_PROMPT, _OUTPUT = 512.0, 3584.0


def read(folder: Path) -> list[Measurements]:
    """Watts a chip while prompts are read and while tokens are written.

    Raises:
        InputError: a file that is not what it must be.
    """
    power = read_table(folder / "GPU_power.csv", ["Model", *_PHASES]).refuse_repeats()
    times = read_table(folder / "GPU_latency.csv", ["Model", "End-to-end Latency (s)"]).refuse_repeats()
    model = power.words("Model", _MODELS)
    if list(model) != list(times.words("Model", _MODELS)):
        raise InputError(times.where, "other models than GPU_power.csv", "the same models in the same order", "Model")
    chips = np.array([_CHIPS[str(name)] for name in model])
    seconds = times.numbers("End-to-end Latency (s)", minimum=1e-3, maximum=1e6)
    columns: dict[str, Column] = {
        "chip": np.full(2 * len(model), "a100-80g"),
        "stack": np.full(2 * len(model), "vllm"),
        "family": np.full(2 * len(model), "request"),
        "phase": np.repeat(list(_PHASES.values()), len(model)),
        "model": np.tile(model, 2),
        "chips": np.tile(chips, 2),
        "prompt": np.full(2 * len(model), _PROMPT),
        "output": np.full(2 * len(model), _OUTPUT),
        "power_w": np.concatenate([power.numbers(name, minimum=1.0, maximum=1e5) / chips for name in _PHASES]),
        "seconds": np.tile(seconds, 2),
    }
    return [
        Measurements(
            family="power",
            set_name="cent_gpu",
            licence=ABOUT.licence,
            source=Source(kind=Evidence.MEASURED, ref=ABOUT.origin),
            columns=columns,
        )
    ]
