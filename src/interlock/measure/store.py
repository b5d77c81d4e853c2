"""Measured rows and the machine's chip as files of a user's folder: CSV and TOML that the other commands read."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, Final

from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.evidence.table import read_table
from interlock.hardware import Chip
from interlock.measure.run import CHIP, Measured
from interlock.units import show

_PRODUCTS: Final = (
    "chip", "stack", "weight_format", "activation_format", "m", "n", "k", "seconds", "median_seconds", "timings",
)  # fmt: skip
_PASSES: Final = (
    "chip", "stack", "kind", "activation_format", "rows", "width", "seconds", "median_seconds", "timings",
)  # fmt: skip
_DIGITS: Final = 6


def paths(folder: Path) -> dict[str, Path]:
    """Where a user's folder keeps what is measured."""
    rows = folder / "measurements"
    return {
        "products": rows / f"{CHIP}.csv",
        "passes": rows / f"{CHIP}-passes.csv",
        "chip": folder / "chips" / f"{CHIP}.toml",
    }


def rows_csv(part: Measurements) -> str:
    """The rows of a family; times in seconds."""
    names = _PRODUCTS if part.family == "gemm" else _PASSES
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in range(len(part)):
        writer.writerow([_cell(part[name][row]) for name in names])
    return text.getvalue()


def read_rows(path: Path) -> Measurements:
    """Products that `interlock measure` stored.

    Raises:
        InputError: no such file, or rows that are not what they must be.
    """
    table = read_table(path, list(_PRODUCTS))
    return Measurements(
        family="gemm",
        set_name=CHIP,
        licence="yours",
        source=Source(kind=Evidence.MEASURED_HERE, ref=str(path)),
        columns=spread(
            **{name: table.text(name) for name in _PRODUCTS[:4]},
            **{name: table.counts(name) for name in ("m", "n", "k", "timings")},
            seconds=table.numbers("seconds", minimum=1e-12),
            median_seconds=table.numbers("median_seconds", minimum=1e-12),
        ),
    )


def chip_toml(chip: Chip, measured: Measured) -> str:
    """The chip as the catalogue reads it."""
    matrix, vector, achieved = chip.engines["matrix"], chip.engines["vector"], chip.achieved
    lines = [
        f"name = {_text(chip.name)}",
        f"vendor = {_text(chip.vendor)}",
        f"year = {chip.year}",
        f'category = "{chip.category}"',
        f'confidence = "{chip.confidence}"',
        f"note = {_text(chip.note)}",
        "",
        "[engines.matrix]",
        f"cores = {matrix.cores}",
        f"core_name = {_text(matrix.core_name)}",
        f'clock = "{matrix.clock:.6g} Hz"',
        f"block = {list(matrix.block or ())}",
        f"granule = {list(matrix.granule or ())}",
        f"note = {_text(matrix.note)}",
        *_table("engines.matrix.peaks", {name: f"{peak:.5g} FLOP/s" for name, peak in matrix.peaks.items()}),
        *_table("engines.vector", {"cores": vector.cores, "core_name": vector.core_name}),
        *_table("engines.vector.peaks", {name: f"{peak:.5g} FLOP/s" for name, peak in vector.peaks.items()}),
    ]
    for name, memory in chip.memories.items():
        values: dict[str, Any] = {"role": memory.role, "technology": memory.technology}
        values["capacity"] = f"{memory.capacity:.12g} B"
        if memory.bandwidth is not None:
            values["bandwidth"] = f"{memory.bandwidth:.5g} B/s"
        lines += _table(f"memories.{name}", values)
    shares = {name: f"{getattr(achieved, name):.5g}" for name in ("matrix", "vector", "bandwidth")}
    lines += ["", "[achieved]", *(f"{name} = {value}" for name, value in shares.items())]
    lines += [f'launch = "{achieved.launch:.5g} s"', "", "[sources]"]
    lines += [
        f'"{path}" = {{ kind = "{source.kind.value}", ref = {_text(source.ref)} }}'
        for path, source in chip.sources.items()
    ]
    head = (
        f"# {len(measured.products)} products and {len(measured.passes)} passes; seed {measured.seed}; half made this."
    )
    return "\n".join([head, *lines]) + "\n"


def summary(chip: Chip) -> list[tuple[str, str]]:
    """The chip in a few lines."""
    a = chip.achieved
    peaks = ", ".join(f"{name} {show(peak, 'FLOP/s')}" for name, peak in chip.engines["matrix"].peaks.items())
    return [
        ("peaks", f"{peaks}; {100 * (a.matrix or 1):.0f} % of it in most products"),
        ("memory", f"{show(chip.main.bandwidth, 'B/s')} at best, {100 * (a.bandwidth or 1):.0f} % of it in most reads"),
        ("a call", f"{show(a.launch, 's')} before any work"),
        ("granule", f"{(chip.engines['matrix'].granule or (1,))[0]} rows: fewer take as long"),
    ]


def _table(name: str, values: dict[str, Any]) -> list[str]:
    cells = (f"{key} = {_text(value) if isinstance(value, str) else value}" for key, value in values.items())
    return ["", f"[{name}]", *cells]


def _text(value: str) -> str:
    """A TOML string."""
    plain = "".join(c if c.isprintable() else " " for c in value)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cell(value: Any) -> Any:
    return value if isinstance(value, str) else f"{float(value):.{_DIGITS}g}"
