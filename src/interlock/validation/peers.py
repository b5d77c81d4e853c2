"""Our errors beside those of the best published predictors, on the rows that no fit of ours saw.

source: `data/published/peers_accuracy.toml`, a citation each. Peers fitted or calibrated as their authors did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import DATA
from interlock.files import read_toml
from interlock.validation.comparison import Comparison, Validation
from interlock.validation.predictor import Predictor, chip_left_out, shipped
from interlock.validation.score import errors_of, quantities

FILE: Final = DATA / "published" / "peers_accuracy.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRow:
    """One line of the table: what, how many rows of it are predicted by whom, errors, and the error to reach."""

    name: str
    rows: int
    predicted: int
    predictor: str
    metric: str
    error_ratio: float | None
    peer: str
    peer_error_ratio: float | None
    reach_ratio: float
    source: str

    @property
    def reached(self) -> bool | None:
        """Whether the error is as small as it should be; None where nothing is predicted."""
        return None if self.error_ratio is None else self.error_ratio <= self.reach_ratio


def peer_predictors() -> tuple[Predictor, ...]:
    """Those that the table needs."""
    return (*shipped(), chip_left_out())


def beside_peers(found: Validation) -> tuple[PeerRow, ...]:
    """The table, without the lines of which the validation holds no rows."""
    data = read_toml(FILE)
    sources = data["sources"]
    rows = [_row(name, entry, sources[name], found) for name, entry in data.items() if name != "sources"]
    return tuple(row for row in rows if row.rows)


def peer_record(row: PeerRow) -> dict[str, Any]:
    """As JSON holds it."""
    return {name: getattr(row, name) for name in (*row.__slots__, "reached")}


def _row(name: str, entry: Mapping[str, Any], source: Mapping[str, str], found: Validation) -> PeerRow:
    parts = [
        (part, _selected(part, entry)) for part in found.comparisons if part.measurements.family == entry["family"]
    ]
    parts = [(part, mask) for part, mask in parts if mask.any()]
    predictor, errors, groups = _errors(parts, entry)
    metric = str(entry.get("metric", "mean"))
    value: float | None = None
    if len(errors):
        taken = [_of(metric, errors[groups == group]) for group in np.unique(groups)]
        value = float(np.mean(taken))
    return PeerRow(
        name=name,
        rows=sum(int(mask.sum()) for _, mask in parts),
        predicted=len(errors),
        predictor=predictor,
        metric=metric,
        error_ratio=value,
        peer=str(entry.get("peer", "")),
        peer_error_ratio=entry.get("peer_error"),
        reach_ratio=float(entry["reach"]),
        source=source["ref"],
    )


def _errors(
    parts: list[tuple[Comparison, NDArray[np.bool_]]], entry: Mapping[str, Any]
) -> tuple[str, NDArray[np.float64], NDArray[np.str_]]:
    """Of the first predictor that predicts any of the rows: its name, absolute errors, and the group of each."""
    over = entry.get("over")
    for predictor in entry["predictors"]:
        errors, groups = [np.empty(0)], [np.empty(0, dtype=str)]
        for part, mask in parts:
            if predictor in part.predictions:
                each = np.abs(errors_of(part.measurements, part.predictions[predictor]))
                kept = mask & np.isfinite(each)
                errors.append(each[kept])
                named = part.measurements[over] if over else np.full(len(part.measurements), "")
                groups.append(np.asarray(named, dtype=str)[kept])
        whole = np.concatenate(errors)
        if len(whole):
            return str(predictor), whole, np.concatenate(groups)
    return "", np.empty(0), np.empty(0, dtype=str)


def _selected(part: Comparison, entry: Mapping[str, Any]) -> NDArray[np.bool_]:
    m = part.measurements
    mask: NDArray[np.bool_] = quantities(m) == entry["quantity"]
    for column, wanted in entry["where"].items():
        if column == "set":
            mask = mask & (m.set_name == wanted)
        else:
            mask = mask & (np.asarray(m[column]) == wanted if column in m.columns else np.zeros(len(m), dtype=bool))
    return mask


def _of(metric: str, errors: NDArray[np.float64]) -> float:
    return float(np.median(errors) if metric == "median" else np.mean(errors))
