"""`interlock validate`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from interlock.cli.flags import Switch, Whole, listed
from interlock.cli.show import heading, line, pairs, print_json, progress, table
from interlock.errors import InputError
from interlock.evidence.store import data_folder
from interlock.report.page.validation import validation_page
from interlock.report.write import write
from interlock.validation import Score, Validation
from interlock.validation import validate as compare
from interlock.validation.report import scores_csv, validation_record
from interlock.validation.words import (
    ERRORS,
    counted,
    doubtful_text,
    gap_text,
    group_of,
    percent,
    shape_text,
    share,
    signed,
    titled,
    value_text,
)

By = Literal["family", "set", "chip", "stack", "format", "kernel"]
_SETS = "docs/tutorial-validate.md says which there are and where to get them"


def validate(
    *,
    data: str | None = None,
    sets: str | None = None,
    families: str | None = None,
    chips: str | None = None,
    by: By = "family",
    worst: Whole = 0,
    json: Switch = False,
    csv: Path | None = None,
    html: Path | None = None,
) -> None:
    """Score predictions against public measurements that you have.

    Parameters
    ----------
    data
        The folder that holds the sets, instead of INTERLOCK_DATA.
    sets
        Only these sets, separated by commas.
    families
        Only these families, such as gemm, attention or request.
    chips
        Only these chips.
    by
        Cut each family by set, chip, stack, format or kernel, too.
    worst
        How many rows to list that are off by the largest factor.
    json
        Print a record instead of text.
    csv
        Write the scores as a CSV file.
    html
        Write a page with charts and tables that opens with no network.
    """
    if worst < 0:
        raise InputError("--worst", str(worst), "a number of rows, 0 or more")
    if not (data or os.environ.get("INTERLOCK_DATA")):
        raise InputError("--data", "nothing", f"a folder of measurement sets, here or in INTERLOCK_DATA; {_SETS}")
    wanted = listed(sets, "--sets"), listed(families, "--families"), listed(chips, "--chips")
    with progress("comparing with measurements") as advance:
        found = compare(data_folder(data), *wanted, progress=advance)
    reports = [] if csv is None else [(csv, scores_csv(found.scores(by)))]
    if html is not None:
        reports.append((html, validation_page(found)))
    for path, text in reports:
        write(path, text)
    if json:
        print_json(validation_record(found, (by,), worst))
    else:
        _print(found, by, worst)


def _print(found: Validation, by: By, worst: int) -> None:
    heading(f"Predictions beside {counted(found)}")
    many = len(found.predictors) > 1
    heads = ("rows", "predicted\n%", "MAPE\n%", "median\n%", "bias\n%", "within\n20 %")
    names = ["family" if by == "family" else f"family, {by}", *(["predictor"] if many else [])]
    table([*((name, "left") for name in names), *((head, "right") for head in heads)], _rows(found, by, many))
    line(f"\n{ERRORS}")
    gaps = [gap for gap in found.gaps() if gap.predictor == found.predictors[0].name]
    if gaps:
        heading(f"Not predicted{f' by {found.predictors[0].name}' if many else ''}")
        pairs([(titled(gap), gap_text(gap)) for gap in gaps])
    doubts = found.doubtful()
    if doubts:
        heading("Measured faster than rated peaks and bandwidths allow")
        pairs([(family, doubtful_text(name, rows)) for family, name, rows in doubts])
    heading("What predicts")
    pairs([(each.name, each.calibration) for each in found.predictors])
    if worst:
        _worst(found, worst)


def _rows(found: Validation, by: By, many: bool) -> Iterator[tuple[str, ...]]:
    """Each family, and below it the groups that it is cut into."""
    cut = [score for score in found.scores(by) if _shown(found, score)] if by != "family" else []
    for whole in (score for score in found.scores() if _shown(found, score)):
        yield _row(whole, titled(whole), many)
        for score in cut:
            name = group_of(score, by)
            told = name or score.rows < whole.rows  # "": the family does not have it
            if told and (score.predictor, titled(score)) == (whole.predictor, titled(whole)):
                yield _row(score, f"  {name or '-'}", many)


def _shown(found: Validation, score: Score) -> bool:
    """The first predictor's gaps are news; what is fitted is fitted for some rows only."""
    return score.predicted > 0 or score.predictor == found.predictors[0].name


def _row(score: Score, name: str, many: bool) -> tuple[str, ...]:
    return (
        name,
        *([score.predictor] if many else []),
        f"{score.rows:,}",
        share(score.coverage_ratio),
        percent(score.mean_error_ratio),
        percent(score.median_error_ratio),
        signed(score.bias_ratio),
        share(score.close_ratio),
    )


def _worst(found: Validation, count: int) -> None:
    rows = found.worst(count)
    heading(f"Off by the largest factor: {len(rows)} of {counted(found)}")
    told: list[tuple[str, str]] = []
    for row in rows:
        measured, predicted = value_text(row.measured, row.quantity), value_text(row.predicted, row.quantity)
        by = f" ({row.predictor})" if len(found.predictors) > 1 else ""
        told += [
            (titled(row), " ".join(filter(None, (row.set_name, row.chip, row.stack, row.format)))),
            ("", shape_text(row)),
            ("", f"{measured} measured, {predicted} predicted{by}: {row.ratio:.3g} times"),
        ]
    pairs(told)
