"""The two constants of `interlock.cost.ragged`, made anew from LLMServingSim's profiles of kernels.

keeps:   fitted on one family of models on one device; the model and the device whose runs are replayed are left for
         the test.
source:  LLMServingSim 2.0, profiler/perf: attention alone and of mixed steps, batches of uneven contexts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.cost import Chips
from interlock.errors import InputError
from interlock.evidence.table import Table, read_table
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.models import Formats, decode, scheme
from interlock.models import model as read_model
from interlock.parallel import Parallelism

MODELS: Final = {
    "meta-llama/Llama-3.1-8B": "llama-3.1-8b",
    "Qwen/Qwen3-32B": "qwen3-32b",
    "Qwen/Qwen3-30B-A3B-Instruct-2507": "qwen3-30b-a3b",
}
DEVICES: Final = {"RTX4090": "rtx4090", "RTXPRO6000": "rtx-pro-6000-server"}
_AXES: Final = ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode")


def unpacked(folder: Path, hardware: str, models: tuple[str, ...]) -> float:
    """Median loss, per further query head of a group, of decoding beside a chunk of the sizes that engines use.

    Raises:
        InputError: a file that is not what it must be, or one without such rows.
    """
    found: list[float] = []
    for model, tensor, table in _tables(folder / "profile_attention.csv.gz", hardware, models, (*_AXES, "time_us")):
        columns = [table.numbers(axis).astype(int).tolist() for axis in _AXES]
        times = dict(zip(zip(*columns, strict=True), table.numbers("time_us").tolist(), strict=True))
        heads, kv_heads = _heads(model, tensor)
        for (chunk, before, n, context), spent in times.items():
            usual = chunk >= 256 and before <= 4096 and 8 <= n <= 64 and 256 <= context <= 4096
            if usual:
                alone, read = times[0, 0, n, context], times[chunk, before, 0, 0]
                found.append(((spent - read) / alone - 1.0) / (heads / kv_heads - 1.0))
    return _median(found, folder)


def uneven(folder: Path, hardware: str, models: tuple[str, ...], *, unsplit: float) -> float:
    """Median share, times blocks a core, of the way to the longest sequence, where no cache is split."""
    found: list[float] = []
    engine = chip(DEVICES[hardware]).engines["matrix"]
    for model, tensor, table in _tables(folder / "profile_skew.csv.gz", hardware, models, ("n", "pc", "alpha")):
        kept = (table.numbers("pc") == 0) & ~np.isin(table.text("alpha"), ["", "nan"])
        shares = np.asarray(table.text("alpha"))[kept].astype(float)
        blocks = table.numbers("n")[kept] * _heads(model, tensor)[1] / float(engine.cores or 1)
        found += (shares * blocks)[blocks >= unsplit].tolist()
    return _median(found, folder)


def _tables(
    path: Path, hardware: str, models: tuple[str, ...], columns: tuple[str, ...]
) -> list[tuple[str, int, Table]]:
    """The rows of each model and tensor degree."""

    whole = read_table(path, ["hw", "model", "tp", *columns], lambda row: row["hw"] == hardware)
    named, degree = np.asarray(whole.text("model")), np.asarray(whole.text("tp"))
    return [
        (model, tensor, whole.where_rows((named == model) & (degree == str(tensor))))
        for model in models
        for tensor in (1, 2)
    ]


def _heads(model: str, tensor: int) -> tuple[float, float]:
    """Query and key-value heads of one chip."""
    cut, codes = Parallelism(tensor=tensor), Formats.of(scheme("bf16"))
    step = price_step(read_model(MODELS[model]), decode(1.0, 1.0), codes, cut, Chips.of(chip("h100-sxm")))
    asked = next(item.operator.attending for item in step.operators if item.operator.attending is not None)
    return float(np.asarray(asked.heads)), float(np.asarray(asked.kv_heads))


def _median(found: list[float], folder: Path) -> float:
    if not found:
        raise InputError(str(folder), "no rows of these models", "profiles of attention as LLMServingSim writes them")
    return float(np.median(found))
