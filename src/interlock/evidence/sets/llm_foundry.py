"""MosaicML llm-foundry: throughput of training MPT with fully sharded data parallelism.

departs: an iteration's time is the tokens of the global batch over the tokens a second of all chips. The column
         `recompute` is 1 where activations were checkpointed, `zero` the stage that a sharding strategy is; FP8 rows
         are told apart by `activation_format`. Some rows print their global batch wrongly, so it is micro batch x
         accumulation x chips.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table

ABOUT = About(
    title="llm-foundry: MPT training throughput on A100 and H100",
    origin="github mosaicml/llm-foundry at 8c8dd48f, scripts/train/benchmarking/README.md",
    licence="Apache-2.0",
)
_CHIPS: Final = {"h100_80gb": "h100-sxm", "a100_80gb": "a100-80g", "a100_40gb": "a100-40g"}

_STAGES: Final = {"FULL_SHARD": "3", "SHARD_GRAD_OP": "2"}  # of ZeRO
_GRADIENTS: Final = {"DEFAULT": "4", "PURE": "2"}  # bytes of an element that is reduced


def read(folder: Path) -> list[Measurements]:
    """Seconds of one iteration, from tokens a second of each chip.

    Raises:
        InputError: a file that is not what it must be.
    """
    names = ["Model", "SeqLen (T)", "# GPUs", "GPU", "MicroBatchSize", "GradAccum", "Throughput (T/s/GPU)"]
    names += ["Precision", "Activation Checkpointing", "NumParams", "Sharding Strategy", "MP Mode"]
    table = read_table(folder / "training_mfu.csv", names)
    chips = table.numbers("# GPUs", minimum=1, maximum=1e5)
    micro = table.numbers("MicroBatchSize", minimum=1, maximum=1e4)
    batch = micro * table.numbers("GradAccum", minimum=1, maximum=1e4) * chips
    tokens = table.numbers("SeqLen (T)", minimum=1, maximum=1e6)
    rate = table.numbers("Throughput (T/s/GPU)", minimum=0.1, maximum=1e7) * chips
    fp8 = table.text("Precision") == "amp_fp8"
    columns = spread(
        chip=table.words("GPU", _CHIPS),
        stack="llm-foundry",
        model=np.array([f"mpt-{name}" for name in table.text("Model")]),
        parameters=table.numbers("NumParams", minimum=1e6, maximum=1e13),
        chips=chips,
        tensor=1.0,
        pipeline=1.0,
        data=chips,
        batch=batch,
        microbatch=micro,
        tokens=tokens,
        recompute=(table.text("Activation Checkpointing") == "True").astype(float),
        zero=table.words("Sharding Strategy", _STAGES).astype(float),
        gradient_bytes=table.words("MP Mode", _GRADIENTS).astype(float),
        activation_format=np.where(fp8, "fp8-e4m3", "bf16"),
        seconds=batch * tokens / rate,
    )
    source = Source(kind=Evidence.MEASURED, ref="llm-foundry, benchmarking README", note="its authors' own")
    return [
        Measurements(family="training", set_name="llm_foundry", licence=ABOUT.licence, source=source, columns=columns)
    ]
