"""Records of quality as flat rows: for JSON, CSV and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from interlock.evidence.quality import QualityRecord, Triple


def quality_row(
    record: QualityRecord, original: QualityRecord, decode: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One record: what it is of, bytes, figures with the ends of their 95 % intervals, times."""
    row: dict[str, Any] = {
        "model": record.model,
        "model_fingerprint": record.subject.model,
        "technique": record.subject.technique or "original",
        "label": record.label,
        "parameters": dict(record.subject.parameters),
        "effects": [": ".join(effect) for effect in record.effects],
        "bits_per_linear_weight": round(record.weight_bits(original), 4),
        "weights_bytes": sum(record.stored.values()),
        "stored_bytes": dict(record.stored),
    }
    for name, (value, low, high) in record.figures.items():
        row |= {name: _known(value), f"{name}_low": _known(low), f"{name}_high": _known(high)}
    row |= {
        "text": record.source,
        "context": record.context,
        "test_tokens": record.test_tokens,
        "calibration_tokens": record.calibration_tokens,
        "questions": len(record.sums["answers"]),
        "seed": record.subject.seed,
        "apply_cpu_s": record.seconds.get("apply"),
        "measure_cpu_s": record.seconds.get("measure"),
        "prompt_tokens_per_s_here": record.tokens_per_s,
        "key": record.subject.key,
        "made": record.made,
        "release": record.release,
        "notes": list(record.notes),
    }
    return {**row, **(decode or {})}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def interval_text(triple: Triple | None, style: str = "{:.4g}") -> str:
    """A value with its interval: "31.2 (29.8 to 33.0)"."""
    if triple is None:
        return ""
    value, low, high = (style.format(each) if math.isfinite(each) else "unknown" for each in triple)
    return f"{value} ({low} to {high})"


def percent_text(triple: Triple | None) -> str:
    """A share as a percentage with its interval: "+3.1 % (2.2 to 4.0)"."""
    if triple is None:
        return ""
    value, low, high = (100.0 * each for each in triple)
    if not math.isfinite(value):
        return "unknown"
    return f"{_percent(value)} % ({_percent(low)} to {_percent(high)})"


def _percent(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
