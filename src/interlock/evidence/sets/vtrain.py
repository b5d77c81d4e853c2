"""vTrain: training iterations of GPT shapes on one node of A100, run by Megatron-DeepSpeed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from interlock.errors import InputError
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table, refuse_duplicates

ABOUT = About(
    title="vTrain: iteration times of GPT shapes on one A100 node (Bang et al. 2024)",
    origin="github VIA-Research/vTrain at f8dda847, data/ground_truth_*.csv",
    licence="MIT-style",
)


def read(folder: Path) -> list[Measurements]:
    """Seconds of one iteration. The columns `width`, `layers` and `heads` say which GPT.

    Raises:
        InputError: a file that is not what it must be.
    """
    names = {
        "chips": "# GPUs", "tensor": "tensor parallelism", "data": "data parallelism",
        "pipeline": "pipeline parallelism", "batch": "global batch", "microbatch": "micro batch",
        "tokens": "sequence length", "width": "hidden size", "layers": "# layers", "heads": "attention heads",
    }  # fmt: skip
    table = read_table(folder / "train_iter_single_node_a100.csv", [*names.values(), "iteration time (ms)"])
    columns = {name: table.numbers(column, minimum=1, maximum=1e6) for name, column in names.items()}
    refuse_duplicates(table.where, columns)
    for row in np.flatnonzero(columns["tensor"] * columns["data"] * columns["pipeline"] != columns["chips"]).tolist():
        raise InputError(
            table.where, f"{columns['chips'][row]:g}", "the product of the degrees", f"# GPUs, row {table.rows[row]}"
        )
    model = [f"gpt-{width:g}-{layers:g}" for width, layers in zip(columns["width"], columns["layers"], strict=True)]
    columns |= spread(
        chip=np.full(len(table), "a100-80g"),
        stack="megatron-deepspeed",
        model=np.array(model),
        seconds=table.numbers("iteration time (ms)", minimum=0.1, maximum=1e7, scale=1e-3),
    )
    source = Source(kind=Evidence.MEASURED, ref="vTrain, MICRO 2024; ground truth of its repository")
    return [
        Measurements(family="training", set_name="vtrain", licence=ABOUT.licence, source=source, columns=columns)
    ]  # fmt: skip
