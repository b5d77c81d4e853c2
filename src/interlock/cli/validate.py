"""`interlock validate`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from interlock.cli.flags import Switch, Whole, listed
from interlock.cli.show import heading, line, pairs, print_json, progress, table
from interlock.errors import InputError
from interlock.evidence.store import data_folder
from interlock.report.page.validation import validation_page
from interlock.report.write import write
from interlock.validation import Score, Validation
from interlock.validation import validate as compare
from interlock.validation.peers import PeerRow, beside_peers, peer_predictors, peer_record
from interlock.validation.predictor import Predictor, chip_left_out, first_principles
from interlock.validation.report import over_chips, scores_csv, validation_record
from interlock.validation.serving.replays import errors, replay_record, replays
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
    leave_out: Literal["chip"] | None = None,
    peers: Switch = False,
    replay: Switch = False,
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
    leave_out
        Predict matrix products of each chip by what was fitted on others.
    peers
        Print errors beside the best published predictors'.
    replay
        Replay measured serving runs in the simulator, request by request.
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
    if replay:
        _replay(data_folder(data), listed(sets, "--sets"), json=bool(json))
        return
    if leave_out and (peers or families):
        raise InputError("--leave-out", "--peers or --families", "neither: it is about matrix products alone")
    predictors: tuple[Predictor, ...] | None
    if leave_out:
        families, by, predictors = "gemm", "chip" if by == "family" else by, (first_principles(), chip_left_out())
    else:
        predictors = peer_predictors() if peers else None
    wanted = listed(sets, "--sets"), listed(families, "--families"), listed(chips, "--chips")
    with progress("comparing with measurements") as advance:
        found = compare(data_folder(data), *wanted, predictors, progress=advance)
    reports = [] if csv is None else [(csv, scores_csv(found.scores(by)))]
    if html is not None:
        reports.append((html, validation_page(found)))
    for path, text in reports:
        write(path, text)
    table_of_peers = beside_peers(found) if peers else ()
    if json:
        more: dict[str, Any] = {"peers": [peer_record(row) for row in table_of_peers]} if peers else {}
        more |= {"over_chips": over_chips(found, found.predictors[1].name)} if leave_out else {}
        print_json(validation_record(found, (by,), worst) | more)
    elif peers:
        _print_peers(found, table_of_peers)
    else:
        _print(found, by, worst)
        if leave_out:
            heading("Mean of the chips' errors, each chip left out")
            pairs([
                (kind, f"{percent(mean)} % over {count} chips")
                for kind, (count, mean) in over_chips(found, found.predictors[1].name).items()
            ])  # fmt: skip


def _replay(folder: Path, sets: Sequence[str] | None, *, json: bool) -> None:
    with progress("replaying") as advance:
        rows = replays(folder, sets, progress=advance)
    if json:
        print_json(replay_record(rows))
        return
    heading("Serving runs replayed: errors of what was not fitted on")
    found = errors(rows)
    told = [
        (row.set_name, row.clock, row.figure, str(row.runs), percent(row.mean_error_ratio),
         percent(row.worst_error_ratio))
        for row in found
    ]  # fmt: skip
    heads = [("set", "left"), ("clock", "left"), ("figure", "left"), ("runs", "right"), ("mean\n%", "right")]
    table([*heads, ("worst\n%", "right")], told)
    heading("What the clocks had seen")
    pairs([*{(f"{row.set_name}, {row.clock}", row.knows or "nothing of the runs"): None for row in found}])


def _print_peers(found: Validation, rows: Sequence[PeerRow]) -> None:
    heading(f"Errors beside the best published predictors': {counted(found)}")
    heads = ("rows", "ours\n%", "peer\n%", "reach\n%")
    told = [
        (
            row.name + (" *" if row.reached else ""),
            f"{row.predicted:,}",
            percent(row.error_ratio),
            percent(row.peer_error_ratio),
            percent(row.reach_ratio),
            row.peer,
        )
        for row in rows
    ]
    table([("", "left"), *((head, "right") for head in heads), ("peer", "wrap")], told)
    line("\n* reached. Errors are means of |predicted / measured - 1|, or medians, on rows that no fit of ours saw.")


def _print(found: Validation, by: By, worst: int) -> None:
    heading(f"Predictions beside {counted(found)}")
    many = len(found.predictors) > 1
    heads = ("rows", "pred.\n%", "MAPE\n%", "median\n%", "bias\n%", "±20\n%", "in\nband")
    names = ["family" if by == "family" else f"family, {by}", *(["predictor"] if many else [])]
    table([*((name, "left") for name in names), *((head, "right") for head in heads)], _rows(found, by, many))
    line(f"\n{ERRORS} ±20: % of the rows that are at most so far off; in band: % inside their 90 % band.")
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
        share(score.inside_ratio),
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
