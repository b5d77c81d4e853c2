"""Number formats on a tensor as one HTML file: a table, error against bits, and the numbers of each format."""

from __future__ import annotations

from collections.abc import Sequence

from interlock.numerics.survey import Survey
from interlock.report.charts.formats import format_error_chart, number_line_chart
from interlock.report.page.document import document
from interlock.report.page.elements import joined, section
from interlock.report.page.parts import card, chart_place, header
from interlock.report.page.table import Cell, name_cell, number_cell, table

_HEADINGS = ("Format", "Bits", "Group", "Numbers", "Smallest", "Largest", "Relative error %", "Signal to noise dB")


def formats_page(found: Sequence[Survey], tensor: str, question: str) -> str:
    """A page about formats, each on the same tensor.

    Raises:
        MissingExtraError: the Vega runtime is not installed.
    """
    body = joined(
        header("Number formats", tensor, question),
        card(table(_HEADINGS, [_row(each) for each in found])),
        section("Error against bits", chart_place("errors", "Error of formats against bits")),
        section("The numbers of each format", chart_place("numbers", "Numbers of each format")),
    )
    charts = {"errors": format_error_chart(found), "numbers": number_line_chart([each.name for each in found])}
    return document("Number formats", body, charts, note="Errors were computed by storing and reading the tensor.")


def _row(each: Survey) -> list[Cell]:
    return [
        name_cell(each.name),
        number_cell(f"{each.bits:.5g}", each.bits),
        number_cell(str(each.group or "-"), each.group),
        *(_number(value) for value in (each.numbers, each.smallest, each.largest)),
        number_cell(f"{each.relative_error:.3%}".rstrip("%"), each.relative_error),
        _number(each.signal_to_noise_db),
    ]


def _number(value: float | None) -> Cell:
    return number_cell("-" if value is None else f"{value:.4g}", value)
