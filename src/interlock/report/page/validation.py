"""The page of a validation: scores, distributions of errors, a scatter for each family, what is not predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from interlock.report.charts.chart import Spec
from interlock.report.charts.validation import MOST, error_chart, looks, scatter_chart
from interlock.report.page.document import document
from interlock.report.page.elements import bullets, joined, section, text
from interlock.report.page.parts import card, chart_place, header
from interlock.report.page.table import Cell, name_cell, number_cell, table
from interlock.validation import Score, Validation
from interlock.validation.report import set_records
from interlock.validation.words import (
    ERRORS,
    counted,
    doubtful_text,
    gap_text,
    group_of,
    kind_text,
    percent,
    shape_text,
    share,
    signed,
    titled,
    value_text,
)

_CUTS: Final = ("set", "chip", "stack", "format", "kernel")
_WORST: Final = 20
_SPREAD: Final = (
    "A thin bar holds nine rows in ten, a thick one the middle half; the tick is the median, the band is within 20 %."
)
_SCATTER: Final = (
    f"The line is a perfect prediction, the dashed ones are 20 % above and below. At most {MOST:,} rows of a family "
    "are drawn, chosen at random with a fixed seed; scores are of all rows."
)


def validation_page(validation: Validation) -> str:
    """A validation as one HTML file that needs no network.

    Raises:
        MissingExtraError: the Vega runtime is not installed.
    """
    charts: dict[str, Spec] = {"errors": error_chart(validation)}
    scatters, look = "", looks(validation)
    scored = {(score.predictor, score.family, score.quantity) for score in validation.scores() if score.predicted}
    for kind in validation.kinds:
        for place, predictor in enumerate(validation.predictors):
            if (predictor.name, *kind) not in scored:
                continue
            name = f"scatter-{'-'.join(kind)}-{place}".replace(" ", "-")
            charts[name] = scatter_chart(validation, kind, predictor.name, look)
            title = kind_text(*kind)
            title += f", {predictor.name}" if len(validation.predictors) > 1 else ""
            scatters += _titled_chart(title, name)
    body = joined(
        header("Validation", "Predictions beside measurements", f"{counted(validation)}.", ERRORS),
        _summary(validation),
        section(
            "How large the errors are", chart_place("errors", "Distribution of errors"), text("p", _SPREAD, "soft")
        ),
        section("Predicted against measured", text("p", _SCATTER, "soft"), scatters),
        *(section(f"By {cut}", _table(validation.scores(cut), cut)) for cut in _CUTS),
        section(f"The {_WORST} rows that are off by the largest factor", _worst(validation)),
        _sets(validation),
    )
    return document("Predictions beside measurements", body, charts)


def _titled_chart(title: str, name: str) -> str:
    return joined(text("h3", title), chart_place(name, f"Predicted against measured, {title}"))


def _summary(validation: Validation) -> str:
    many = len(validation.predictors) > 1
    gaps = [f"{titled(gap)}{f', {gap.predictor}' if many else ''}: {gap_text(gap)}" for gap in validation.gaps()]
    doubts = [f"{family}: {doubtful_text(name, rows)}" for family, name, rows in validation.doubtful()]
    return card(
        joined(
            text("h2", "By family"),
            _table(validation.scores(), ""),
            text("p", "Not predicted:") if gaps else "",
            bullets(gaps, "soft"),
            text("p", "Measured faster than rated peaks and bandwidths allow:") if doubts else "",
            bullets(doubts, "soft"),
            *(text("p", f"Predictor: {each.name}; {each.calibration}.", "soft") for each in validation.predictors),
        )
    )


def _table(scores: Sequence[Score], cut: str) -> str:
    many = len({score.predictor for score in scores}) > 1
    headings = ["Family", *([cut.capitalize()] if cut else []), *(["Predictor"] if many else [])]
    headings += ["Rows", "Predicted %", "MAPE %", "Median %", "90th percentile %", "Bias %", "Within 20 %"]
    return table(headings, [_row(score, cut, many) for score in scores])


def _row(score: Score, cut: str, many: bool) -> list[Cell]:
    ratios = {"mean": score.mean_error_ratio, "median": score.median_error_ratio, "90": score.ninetieth_error_ratio}
    return [
        name_cell(titled(score)),
        *([Cell(text=group_of(score, cut) or "-")] if cut else []),
        *([name_cell(score.predictor)] if many else []),
        number_cell(f"{score.rows:,}", score.rows),
        number_cell(share(score.coverage_ratio), score.coverage_ratio),
        *(number_cell(percent(value), value) for value in ratios.values()),
        number_cell(signed(score.bias_ratio), score.bias_ratio),
        number_cell(share(score.close_ratio), score.close_ratio),
    ]


def _worst(validation: Validation) -> str:
    rows = [
        [
            name_cell(titled(row)),
            Cell(text=", ".join(filter(None, (row.set_name, row.chip, row.stack, row.format)))),
            Cell(text=shape_text(row)),
            number_cell(value_text(row.measured, row.quantity), row.measured),
            number_cell(value_text(row.predicted, row.quantity), row.predicted),
            number_cell(f"{row.ratio:.3g} ×", row.ratio),
        ]
        for row in validation.worst(_WORST)
    ]
    return table(["Family", "Run", "Shape", "Measured", "Predicted", "Predicted / measured"], rows)


def _sets(validation: Validation) -> str:
    rows = [
        [
            name_cell(told["set"]),
            number_cell(f"{told['rows']:,}", told["rows"]),
            Cell(text=told["licence"]),
            Cell(
                text="; ".join(" ".join(filter(None, (f"{s['kind']}: {s['ref']}", s["note"]))) for s in told["sources"])
            ),
        ]
        for told in set_records(validation)
    ]
    return section("Where the measurements are from", table(["Set", "Rows", "Licence", "Source"], rows))
