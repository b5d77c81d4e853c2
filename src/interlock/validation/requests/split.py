"""Which measured requests a fit may see.

keeps:   one chip under TensorRT-LLM of LLM-Inference-Bench is always held out, so that its constants come from others.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Measurements
from interlock.validation.split import BAND_SHARE, FIT_SHARE, HELD_OUT, hashed_parts

_TEXTS: Final = ("chip", "stack", "model", "weight_format", "activation_format", "kv_format", "quantity")
_NUMBERS: Final = ("tensor", "pipeline", "expert", "data", "batch", "prompt", "output", "chunk", "rate", "static")


def request_parts(
    measurements: Measurements, seed: int = 0, fit: float = FIT_SHARE, band: float = BAND_SHARE
) -> NDArray[np.int64]:
    """FIT, BAND or HELD_OUT of each row of requests."""
    found = hashed_parts(measurements, _TEXTS, _NUMBERS, seed, fit, band)
    return np.where(_always_held_out(measurements), HELD_OUT, found)


def _always_held_out(m: Measurements) -> NDArray[np.bool_]:
    alone: NDArray[np.bool_] = (
        (np.asarray(m["stack"]) == "trt-llm") & (np.asarray(m["tensor"]) == 1) & (np.asarray(m["pipeline"]) == 1)
    )
    return alone & (m.set_name == "llm_inference_bench")
