"""Megatron-LM: iteration times of four GPT sizes with full recomputation, or with sequence parallelism.

departs: the layouts are those of the paper as a description of the runs in another project encodes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table, refuse_duplicates
from interlock.files import read_json

ABOUT = About(
    title="Megatron-LM with sequence parallelism: iteration times (Korthikanti et al. 2022)",
    origin="arXiv 2205.05198, table 5, as encoded in github calculon-ai/calculon at caa4b11f",
    licence="Apache-2.0",
)
_RUNS: Final = {"full": "full", "selective+seq_parallel": "seqsel"}


def read(folder: Path) -> list[Measurements]:
    """Seconds of one iteration; `recompute` is 1 for full recomputation, `sequence` 1 with sequence parallelism.

    Raises:
        InputError: a file that is not what it must be.
    """
    table = read_table(folder / "iteration_time.csv", ["model", "recompute", "iteration_time_s"])
    refuse_duplicates(table.where, {name: table.text(name) for name in ("model", "recompute")})
    runs: list[dict[str, Any]] = []
    for row, (model, kind) in enumerate(zip(table.text("model"), table.text("recompute"), strict=True)):
        if str(kind) not in _RUNS:
            raise InputError(table.where, repr(str(kind)), " or ".join(_RUNS), f"recompute, row {table.rows[row]}")
        runs.append(read_json(folder / f"exec_{model}_{_RUNS[str(kind)]}.json"))
    models = [read_json(folder / f"model_{name}.json") for name in table.text("model")]
    whole = table.text("recompute") == "full"
    columns = spread(
        chip="a100-80g",
        stack="megatron",
        model=table.text("model"),
        chips=_field(runs, "num_procs"),
        tensor=_field(runs, "tensor_par"),
        pipeline=_field(runs, "pipeline_par"),
        data=_field(runs, "data_par"),
        batch=_field(runs, "batch_size"),
        microbatch=_field(runs, "microbatch_size"),
        tokens=_field(models, "seq_size"),
        width=_field(models, "hidden"),
        layers=_field(models, "num_blocks"),
        heads=_field(models, "attn_heads"),
        interleaved=_field(runs, "pipeline_interleaving"),
        recompute=whole.astype(float),
        sequence=(~whole).astype(float),
        seconds=table.numbers("iteration_time_s", minimum=1e-3, maximum=1e5),
    )
    source = Source(kind=Evidence.MEASURED, ref="Korthikanti et al. 2022, table 5")
    return [
        Measurements(
            family="training", set_name="megatron_seqpar", licence=ABOUT.licence, source=source, columns=columns
        )
    ]  # fmt: skip


def _field(descriptions: list[dict[str, Any]], name: str) -> NDArray[np.float64]:
    values = [found.get(name) for found in descriptions]
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InputError("exec_*.json and model_*.json", json.dumps(value), "a whole number of at least 1", name)
    return np.array(values, dtype=float)
