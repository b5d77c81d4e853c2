"""Results as CSV: one row a deployment, or one row an operator."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from interlock.inference.estimate import Estimate
from interlock.inference.explanation import Explanation
from interlock.report.deployments import deployments
from interlock.report.quality import quality_record
from interlock.report.record import Record, estimate_record, line_record
from interlock.search import Plan

_LISTS: Final = ("sources", "problems", "notes")


def plan_csv(plan: Plan) -> str:
    """The recommended deployment, the rest of the front, then the best of each other chip and why it lost."""
    rows: list[Record] = []
    for place, estimate in enumerate(deployments(plan)):
        role = "recommended" if place == 0 and plan.recommended is not None else "front"
        rows.append({"role": role, "why": "", **_flat(estimate_record(estimate)), **_quality(plan, estimate)})
    for runner in plan.runners:
        told: Record = {"chip": runner.chip}
        if runner.estimate:
            told = {**_flat(estimate_record(runner.estimate)), **_quality(plan, runner.estimate)}
        rows.append({"role": "runner-up", "why": runner.why, **told})
    return _table(rows)


def explanation_csv(explanation: Explanation) -> str:
    """The operators of both phases in the order they run."""
    return _table([line_record(line) for line in explanation.lines])


def _quality(plan: Plan, estimate: Estimate) -> Record:
    """What the formats cost in answers; no columns where no limit on quality was asked for."""
    record = quality_record(plan.space.offer(estimate.request.scheme)) or {}
    return {f"quality_{key}": value for key, value in record.items() if key not in {"formats", "remedy"}}


def _flat(record: Record) -> Record:
    """A record with its lists as text."""
    lists = {key: "; ".join(_text(item) for item in record[key]) for key in _LISTS}
    return {**record, **lists}


def _text(item: str | dict[str, str]) -> str:
    return item if isinstance(item, str) else f"{item['kind']}: {item['ref']}"


def _table(rows: Sequence[Record]) -> str:
    text = io.StringIO()
    columns = dict.fromkeys(key for row in rows for key in row)
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
