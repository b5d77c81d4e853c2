"""CSV: as many rows as there are things to say."""

import csv
import io

from interlock.report import explanation_csv, plan_csv
from interlock.report.deployments import deployments


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_plan_has_a_row_for_each_deployment_and_runner(any_plan):
    rows = read(plan_csv(any_plan))
    assert len(rows) == len(deployments(any_plan)) + len(any_plan.runners)
    assert all(None not in row and None not in row.values() for row in rows)
    if any_plan.recommended is not None:
        assert rows[0]["role"] == "recommended"
        assert rows[0]["chip"] == any_plan.recommended.request.chip.id
        assert float(rows[0]["latency_s"]) == any_plan.recommended.latency_s


def test_runners_say_why(plan):
    rows = [row for row in read(plan_csv(plan)) if row["role"] == "runner-up"]
    assert [row["why"] for row in rows] == [runner.why for runner in plan.runners]


def test_an_explanation_has_a_row_for_each_operator(any_explanation):
    rows = read(explanation_csv(any_explanation))
    assert [row["operator"] for row in rows] == [line.operator for line in any_explanation.lines]
