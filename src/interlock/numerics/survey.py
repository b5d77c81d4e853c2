"""What a format is and does to a tensor: bits, numbers, range, error.

symbols: error e = q(x) - x; relative RMS error sqrt(sum e^2 / sum x^2); signal to noise -20 log10 of it, in dB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.codec import Codec
from interlock.numerics.codecs import codec, planned_format

_WIDE: Final[dict[str, tuple[type[np.floating[Any]], int]]] = {
    "fp64": (np.float64, 52),
    "fp32": (np.float32, 23),
    "tf32": (np.float32, 10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One format on one tensor.

    `bits`: stored for an element of this tensor, everything included; `planned_bits`: what the predictor counts, None
    if it does not know the format. `numbers`: distinct ones before scaling, `smallest` above zero and `largest` among
    them, `step`: the largest gap between neighbours over the largest; None where they depend on the tensor.
    """

    name: str
    bits: float
    planned_bits: float | None
    group: int | None
    numbers: int | None
    smallest: float | None
    largest: float | None
    step: float | None
    relative_error: float
    signal_to_noise_db: float | None
    largest_error: float


def survey(name: str, x: Floats, **options: Any) -> Survey:
    """A format, by the name and options of `codec`, on a tensor of finite numbers.

    Raises:
        InputError: no such format, an option that it does not have, or rows that it cannot cut.
    """
    made = codec(name, **options)
    stored = made.encode(x)
    error = made.decode(stored).astype(np.float64) - x
    power = float(np.square(x, dtype=np.float64).sum())
    relative = math.sqrt(float(np.square(error).sum()) / power) if power > 0 else 0.0
    planned = planned_format(name)
    group = getattr(made, "group", None)
    return Survey(
        name=made.name,
        bits=stored.bits,
        planned_bits=planned.bits if planned else None,
        group=group if isinstance(group, int) else planned.group if planned else None,
        relative_error=relative,
        signal_to_noise_db=-20 * math.log10(relative) if relative > 0 else None,
        largest_error=float(np.abs(error).max(initial=0.0)),
        **_numbers(made),
    )


def _numbers(made: Codec) -> dict[str, Any]:
    if made.name in _WIDE:
        kind, mantissa = _WIDE[made.name]
        limits = np.finfo(kind)
        codes = 2 ** (1 + mantissa) * (2 ** (limits.bits - 1 - limits.nmant) - 1) - 1
        return {"numbers": codes, "smallest": float(limits.tiny) * 2.0**-mantissa,
                "largest": float(limits.max) if mantissa > 10 else (2 - 2.0**-10) * 2.0**127,
                "step": 2.0 ** -(mantissa + 1)}  # fmt: skip
    levels = made.levels()
    if levels is None:
        return dict.fromkeys(("numbers", "smallest", "largest", "step"))
    largest = float(np.abs(levels).max())
    return {"numbers": len(levels), "smallest": float(levels[levels > 0].min()), "largest": largest,
            "step": float(np.diff(levels).max()) / largest}  # fmt: skip
