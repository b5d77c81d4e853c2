"""`llama-server` of llama.cpp for a deployment on one personal device.

source: the llama-server manual: `-c` counts the tokens of all slots together, `-np` the slots.
"""

from __future__ import annotations

import shlex
from typing import Final

import numpy as np

from interlock.hardware import Chip
from interlock.inference.estimate import Estimate
from interlock.report.launch.line import Launch, context_length

_CATEGORIES: Final = {"laptop", "desktop", "phone", "edge-module"}
_FILES: Final = (
    ("bf16", "BF16"), ("fp16", "F16"), ("fp32", "F32"), ("q8-0", "Q8_0"), ("q4-0", "Q4_0"), ("mxfp4", "MXFP4"),
    ("int8", "Q8_0"), ("int4", "Q4_0"), ("nf4", "Q4_0"), ("int3", "Q3_K_S"), ("int2", "Q2_K"),
)  # fmt: skip
_CACHES: Final = {"bf16": None, "fp16": None, "fp32": "f32", "int8": "q8_0", "q8-0": "q8_0", "q4-0": "q4_0"}


def llama_runs_on(chip: Chip) -> bool:
    """Whether a user can start llama.cpp there; a phone must allow a terminal."""
    return chip.category in _CATEGORIES and not (chip.category == "phone" and chip.vendor == "Apple")


def llama_launch(estimate: Estimate) -> Launch | None:
    """The command for one device; None for several, and for formats that GGUF files do not have."""
    r = estimate.request
    file = next((kind for prefix, kind in _FILES if r.scheme.weight.name.startswith(prefix)), None)
    replica = int(np.asarray(r.parallelism.tensor * r.parallelism.pipeline))
    if file is None or r.scheme.kv.name not in _CACHES or replica > 1 or not r.model.generates:
        return None
    name = r.model.name.rsplit("/", 1)[-1]
    flags = ["-c", str(context_length(r) * r.batch), "-np", str(r.batch), "-ngl", "99"]
    if cache := _CACHES[r.scheme.kv.name]:
        flags += ["--cache-type-k", cache, "--cache-type-v", cache]
    notes = [f"needs the model as a GGUF file in {file}"]
    if r.chip.category == "phone":
        notes.append("in a terminal on the phone")
    if (copies := int(np.asarray(r.parallelism.data))) > 1:
        notes.append(f"on each of {copies} devices")
    if estimate.spilled_bytes > 0:
        notes.append("lower -ngl until the layers fit")
    return Launch(command=shlex.join(["llama-server", "-m", f"{name}-{file}.gguf", *flags]), note="; ".join(notes))
