"""A validation as plain data: flat dictionaries in SI units, and CSV with one row a score."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from interlock.validation.comparison import Gap, Row, Validation
from interlock.validation.score import Score

Record = dict[str, Any]


def validation_record(validation: Validation, by: Sequence[str] = ("family",), worst: int = 0) -> Record:
    """What was compared, the scores, what is not predicted, what is doubtful, and the worst rows."""
    return {
        "rows": validation.rows,
        "sets": set_records(validation),
        "predictors": [{"name": each.name, "calibration": each.calibration} for each in validation.predictors],
        "scores": [score_record(score) for score in validation.scores(*by)],
        "not_predicted": [_gap_record(gap) for gap in validation.gaps()],
        "doubtful": [{"family": family, "set": name, "rows": rows} for family, name, rows in validation.doubtful()],
        "worst": [_row_record(row) for row in validation.worst(worst)],
    }


def over_chips(validation: Validation, predictor: str) -> dict[str, tuple[int, float]]:
    """Of each kernel, or else format: how many chips are predicted, and the mean of their mean errors."""
    means: dict[str, list[float]] = {}
    for score in validation.scores("chip", "format", "kernel"):
        if score.predictor == predictor and score.mean_error_ratio is not None:
            means.setdefault(score.kernel or score.format, []).append(score.mean_error_ratio)
    return {kind: (len(values), sum(values) / len(values)) for kind, values in means.items()}


def set_records(validation: Validation) -> list[Record]:
    """The sets with their licences and sources, each once."""
    found: dict[str, Record] = {}
    for part in validation.comparisons:
        m = part.measurements
        told = found.setdefault(m.set_name, {"set": m.set_name, "rows": 0, "licence": m.licence, "sources": []})
        told["rows"] += len(m)
        source = {"kind": str(m.source.kind), "ref": m.source.ref, "note": m.source.note}
        told["sources"] += [] if source in told["sources"] else [source]
    return [found[name] for name in sorted(found)]


def score_record(score: Score) -> Record:
    """One group; "" where it spans several, None where nothing is predicted."""
    return {
        "predictor": score.predictor,
        "family": score.family,
        "quantity": score.quantity,
        "set": score.set_name,
        "chip": score.chip,
        "stack": score.stack,
        "format": score.format,
        "kernel": score.kernel,
        "rows": score.rows,
        "predicted": score.predicted,
        "coverage_ratio": score.coverage_ratio,
        "mean_error_ratio": score.mean_error_ratio,
        "median_error_ratio": score.median_error_ratio,
        "ninetieth_error_ratio": score.ninetieth_error_ratio,
        "bias_ratio": score.bias_ratio,
        "close_ratio": score.close_ratio,
        "inside_ratio": score.inside_ratio,
    }


def scores_csv(scores: Sequence[Score]) -> str:
    """One row a score; empty cells where nothing is predicted."""
    text = io.StringIO()
    rows = [score_record(score) for score in scores]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _gap_record(gap: Gap) -> Record:
    return {
        "predictor": gap.predictor,
        "family": gap.family,
        "quantity": gap.quantity,
        "rows": gap.rows,
        "missing": gap.missing,
        "chips": dict(gap.chips),
    }


def _row_record(row: Row) -> Record:
    return {
        "predictor": row.predictor,
        "family": row.family,
        "quantity": row.quantity,
        "set": row.set_name,
        "chip": row.chip,
        "stack": row.stack,
        "format": row.format,
        "shape": {name: value if value == value else None for name, value in row.shape.items()},
        "measured": row.measured,
        "predicted": row.predicted,
        "ratio": row.ratio,
    }
