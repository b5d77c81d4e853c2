"""The page and the table of a sweep: what each technique costs in quality, in bits and in predicted time."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

from interlock.report.charts.quality import quality_chart
from interlock.report.page.document import document
from interlock.report.page.elements import joined, section, text
from interlock.report.page.parts import card, chart_place, header
from interlock.report.page.table import Cell, name_cell, number_cell, table

_COLUMNS: Final = {
    "bits_per_linear_weight": "Bits a weight",
    "weights_bytes": "Bytes of weights",
    "perplexity": "Perplexity",
    "perplexity_loss": "More perplexity %",
    "bits_per_byte": "Bits a byte",
    "cloze_accuracy": "Words foretold %",
    "choice_accuracy": "Right of 4 %",
    "divergence": "KL, nats a token",
    "agreement": "Same likeliest token %",
    "predicted_speedup": "Times as fast, predicted",
    "apply_cpu_s": "Applied in CPU s",
}
_SHARES: Final = frozenset({"perplexity_loss", "cloze_accuracy", "choice_accuracy", "agreement"})
_INTERVALS: Final = (
    "Perplexities are measured on this machine with formats emulated in fp32; thin lines are 95 % intervals of "
    "the difference from the original, from windows drawn again; the dashed line is the original. Speed "
    "is predicted, not measured."
)


def quality_page(model: str, judged: str, rows: Sequence[dict[str, Any]], refused: Sequence[tuple[str, str]]) -> str:
    """A sweep as one HTML file that needs no network.

    Args:
        model: its name.
        judged: which text and how much of it.
        rows: of `quality_row`, the original first.
        refused: techniques that were not measured, and why.

    Raises:
        MissingExtraError: the Vega runtime is not installed.
    """
    charts = {
        "bits": quality_chart(rows, "bits_per_linear_weight"),
        "speed": quality_chart(rows, "predicted_speedup"),
    }
    chip = next((str(row["predicted_on"]) for row in rows if row.get("predicted_on")), "")
    reasons = [[name_cell(label), Cell(text=why)] for label, why in refused]
    notes = list(dict.fromkeys(note for row in rows for note in row["notes"]))
    body = joined(
        header("Lab", f"What techniques cost {model} in quality", judged, _INTERVALS, *notes),
        section("Quality against bits", chart_place("bits", "Perplexity against bits")),
        section(
            "Quality against predicted speed",
            chart_place("speed", "Perplexity against predicted speed"),
            text("p", f"One user on {chip}." if chip else "", "soft"),
        ),
        section("All figures", card(_table(rows))),
        section("Refused", table(["Technique", "Why"], reasons)),
    )
    return document(f"Quality of {model}", body, charts)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [[name_cell(row["label"]), *(_cell(row.get(key), key) for key in _COLUMNS)] for row in rows]
    return table(["Technique", *_COLUMNS.values()], lines)


def _cell(value: float | None, key: str) -> Cell:
    if value is None:
        return number_cell("", None)
    factor = 100.0 if key in _SHARES else 1.0
    shown = f"{value:,.0f}" if key == "weights_bytes" else f"{factor * value:.4g}"
    return number_cell(shown, value)


def quality_csv(rows: Sequence[dict[str, Any]]) -> str:
    """One row a technique, the original first; lists and tables as text."""
    out = io.StringIO()
    columns = dict.fromkeys(key for row in rows for key in row)
    writer = csv.DictWriter(out, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _flat(value) for key, value in row.items()})
    return out.getvalue()


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{key}={each}" for key, each in value.items())
    return "" if value is None else value
