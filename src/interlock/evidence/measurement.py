"""Measurements as columns: rows of one family from one source, with licence and citation.

keeps: quantities are SI floats; chips, stacks and formats go by the product's own names; every row was measured, not
       simulated, unless the set says otherwise. Other projects' files are read where they lie and never copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.source import Source

Column = NDArray[Any]

# What each family's rows say, besides `chip`, `stack` (the software that ran) and the measured value. Text columns are
# marked by a trailing "$".
FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "gemm": ("weight_format$", "activation_format$", "m", "n", "k", "seconds"),
    "attention": (
        "phase$", "sequences", "tokens", "context", "heads", "kv_heads", "head_dim", "window", "activation_format$",
        "kv_format$", "seconds",
    ),
    "latent-attention": ("phase$", "sequences", "tokens", "context", "heads", "kv_format$", "seconds"),
    "experts": (
        "tokens", "width", "intermediate", "experts", "top_k", "tensor", "expert", "skew", "weight_format$",
        "activation_format$", "seconds",
    ),
    "scan": ("kind$", "phase$", "sequences", "tokens", "width", "seconds"),
    "collective": ("operation$", "chips", "message_bytes", "seconds"),
    "elementwise": ("kind$", "rows", "width", "seconds"),
    "power": ("family$", "power_w", "seconds"),
    "request": (
        "model$", "weight_format$", "activation_format$", "kv_format$", "tensor", "pipeline", "expert", "data", "batch",
        "prompt", "output", "quantity$", "value",
    ),
    "training": ("model$", "chips", "tensor", "pipeline", "data", "batch", "microbatch", "tokens", "seconds"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """Rows of one family from one source, as columns of equal length (`FAMILIES` says which)."""

    family: str
    set_name: str
    licence: str
    source: Source
    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        needed = {"chip", "stack", *(name.rstrip("$") for name in FAMILIES[self.family])}
        missing = sorted(needed - set(self.columns))
        lengths = {len(column) for column in self.columns.values()}
        if missing or len(lengths) != 1:
            raise ValueError(f"{self.set_name}: missing columns {missing}, lengths {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.columns["chip"])

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def where(self, mask: NDArray[np.bool_]) -> Measurements:
        """The rows that a mask keeps."""
        return replace(self, columns={name: column[mask] for name, column in self.columns.items()})

    @property
    def measured(self) -> NDArray[np.float64]:
        """The measured value of each row: seconds, or `value` where the family has several quantities."""
        return np.asarray(self.columns["value" if "value" in self.columns else "seconds"], dtype=float)

    def groups(self, *names: str) -> list[tuple[tuple[str, ...], Measurements]]:
        """The rows cut by the values of some text columns, in sorted order."""
        keys = np.array(["\x1f".join(map(str, row)) for row in zip(*(self[name] for name in names), strict=True)])
        return [(tuple(key.split("\x1f")), self.where(keys == key)) for key in np.unique(keys)]


def together(parts: Iterable[Measurements]) -> Measurements:
    """Rows of the same family and set, one after the other; columns that not all parts have are left out."""
    many = list(parts)
    shared = set.intersection(*(set(part.columns) for part in many))
    columns = {name: np.concatenate([part[name] for part in many]) for name in many[0].columns if name in shared}
    return replace(many[0], columns=columns)


def spread(**values: Any) -> dict[str, Column]:
    """Columns of equal length from arrays and single values."""
    length = max(np.size(value) for value in values.values())
    return {name: np.broadcast_to(np.asarray(value), (length,)) for name, value in values.items()}


def without_repeats(measurements: Measurements) -> Measurements:
    """Runs of the same thing as one row with their mean: what was measured twice must not count twice."""
    value = "value" if "value" in measurements.columns else "seconds"
    keys = [tuple(row) for row in zip(*(c for name, c in measurements.columns.items() if name != value), strict=True)]
    places: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(keys):
        places.setdefault(key, []).append(row)
    first = np.array([rows[0] for rows in places.values()], dtype=np.intp)
    means = np.array([measurements[value][rows].mean() for rows in places.values()])
    columns = {name: column[first] for name, column in measurements.columns.items()}
    return replace(measurements, columns={**columns, value: means})
