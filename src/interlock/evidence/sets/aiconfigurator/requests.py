"""End-to-end runs of serving engines at a fixed number of requests in flight: first token and time per token.

idea:    each run gives two rows, the mean time to the first token and the mean time per output token after it.
departs: aggregated runs only, in which one engine reads prompts and decodes; of most disaggregated ones the file does
         not say how many workers served. Degrees that are no power of two, or above the 8 chips of a node, count the
         chips of a whole deployment, not a layout, and are left out; so are experts spread over more than a node. The
         number in flight is what the provenance says, where it does; attention that is data parallel deals it out, and
         so do replicas: a batch size that is smaller is of each chip, and tells how many there are. The file does not
         say how KV caches are stored: in FP8 where TensorRT-LLM runs checkpoints in FP8 or NVFP4, whose makers ship
         scales for it, else in 16 bits. gpt-oss keeps its experts in MXFP4 whatever else is narrowed, and multiplies
         them in 16 bits on chips without FP4, which all of its are. Its runs at 512 in flight are left out: most take
         no longer a token than those at 4. The same run under two dates counts once. Formats of no name are the
         checkpoint's 16 bits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.evidence.measurement import Measurements, spread, together, without_repeats
from interlock.evidence.sets.aiconfigurator.tables import CHIPS, LICENCE
from interlock.evidence.source import Evidence, Source
from interlock.evidence.table import Table, read_table

FILE: Final = "e2e_ttft_tpot.csv.gz"
_STACKS: Final = {"trtllm": "trt-llm-v1", "sglang": "sglang", "vllm": "vllm-v1"}
_MODELS: Final = {
    "deepseek-r1": "deepseek-v3",
    "deepseek-v3": "deepseek-v3",
    "deepseek-v3.1": "deepseek-v3",
    "llama-3.1-8b": "llama-3.1-8b",
    "llama-3.1-70b": "llama-3.1-70b",
}  # names of the same shapes; others are the published names in lower case
_FORMATS: Final = {"": "bf16", "fp8": "fp8-e4m3", "fp8_block": "fp8-e4m3", "nvfp4": "nvfp4"}
_MXFP4: Final = "gpt-oss-120b"
_SUFFIX: Final = re.compile(r"-(instruct|fp8|nvfp4)$")
_CONCURRENCY: Final = re.compile(r"concurrency=(\d+)")
_DEGREES: Final = (1, 2, 4, 8)
_IN_NODE: Final = ("", "1", "2", "4", "8")
_LONGEST: Final = 1e7  # ms


def read(folder: Path) -> list[Measurements]:
    """Mean first token and time per token of each aggregated run; nothing where the file is not there.

    Raises:
        InputError: a file that is not what it must be.
    """
    if not (folder / FILE).is_file():
        return []
    whole = read_table(
        folder / FILE,
        ["id", "silicon_data_source", "backend", "model_path", "system", "mode", "isl", "osl", "gemm_quant_mode",
         "batch_size", "tp_size", "pp_size", "attention_dp_size", "moe_ep_size", "silicon_ttft_ms", "silicon_tpot_ms"],
        lambda row: row["mode"] == "agg" and _is_layout(row["tp_size"]) and not _is_other(row),
    )  # fmt: skip
    whole.refuse_repeats()
    source = Source(kind=Evidence.MEASURED, ref="aiconfigurator-core 0.12.0, systems/silicon data of whole runs")
    columns = _columns(whole)
    parts = [
        Measurements(
            family="request",
            set_name="aiconfigurator",
            licence=LICENCE,
            source=source,
            columns={**columns, **spread(quantity=np.full(len(whole), quantity), value=value)},
        )
        for quantity, value in (
            ("ttft", whole.numbers("silicon_ttft_ms", minimum=1.0, maximum=_LONGEST, scale=1e-3)),
            ("tpot", whole.numbers("silicon_tpot_ms", minimum=0.1, maximum=_LONGEST, scale=1e-3)),
        )
    ]
    return [without_repeats(together(parts))]


def _columns(table: Table) -> dict[str, NDArray[np.str_] | NDArray[np.float64]]:
    models = np.array([_model(str(path)) for path in table.text("model_path")])
    named = table.words("gemm_quant_mode", _FORMATS)
    kept = models == _MXFP4
    replicas = np.maximum(table.numbers("attention_dp_size", default=1.0), 1.0)
    return spread(
        chip=table.words("system", CHIPS),
        stack=table.words("backend", _STACKS),
        model=models,
        weight_format=np.where(kept, "mxfp4", named),
        activation_format=np.where(kept, "bf16", named),
        kv_format=np.where(_has_cache_scales(table) & ~kept, "fp8-e4m3", "bf16"),
        tensor=table.counts("tp_size"),
        pipeline=table.counts("pp_size"),
        expert=np.maximum(table.numbers("moe_ep_size", default=1.0), 1.0),
        data=replicas,
        batch=np.maximum(_concurrency(table) / replicas, 1.0),
        prompt=table.counts("isl"),
        output=table.counts("osl"),
        static=np.zeros(len(table)),
        rate=np.zeros(len(table)),
    )


def _has_cache_scales(table: Table) -> NDArray[np.bool_]:
    narrow = np.isin(table.text("gemm_quant_mode"), ["fp8", "nvfp4"])
    found: NDArray[np.bool_] = narrow & (table.text("backend") == "trtllm")
    return found


def _concurrency(table: Table) -> NDArray[np.float64]:
    """Requests in flight in one replica: as the provenance says of all, or else the batch size."""
    each = table.counts("batch_size")
    told = each.copy()
    for row, text in enumerate(table.text("silicon_data_source")):
        if (match := _CONCURRENCY.search(str(text))) is not None:
            told[row] = float(match[1])
    own = table.counts("tp_size") * np.maximum(table.numbers("attention_dp_size", default=1.0), 1.0)
    return told / np.maximum(told / each / own, 1.0)


def _model(path: str) -> str:
    name = path.split("/")[-1].lower()
    while (shorter := _SUFFIX.sub("", name)) != name:
        name = shorter
    return _MODELS.get(name, name)


def _is_other(row: Mapping[str, str]) -> bool:
    """Whether a run is not what it says, or crosses a network that the file does not describe."""
    idle = row["model_path"].lower().endswith(_MXFP4) and row["batch_size"] == "512"
    return idle or (row["system"].startswith("h") and row["moe_ep_size"] not in _IN_NODE)


def _is_layout(text: str) -> bool:
    try:
        degree = int(text)
    except ValueError:
        raise InputError(FILE, repr(text), "a whole number", "tp_size") from None
    return degree in _DEGREES
