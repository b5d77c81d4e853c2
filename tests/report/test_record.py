"""Records: plain data that any JSON reader takes."""

import json
from dataclasses import replace

import pytest

from interlock.report import estimate_record, explanation_record, plan_record
from interlock.report.deployments import deployments


def through_json(record):
    return json.loads(json.dumps(record, allow_nan=False))


def test_plans_survive_json(any_plan):
    record = plan_record(any_plan)
    assert through_json(record) == record
    assert list(plan_record(any_plan)) == list(record)
    assert len(record["front"]) == len(deployments(any_plan))
    assert [item["chip"] for item in record["runners"]] == [item.chip for item in any_plan.runners]


def test_explanations_survive_json(any_explanation):
    record = explanation_record(any_explanation)
    assert through_json(record) == record
    assert len(record["operators"]) == len(any_explanation.lines)


def test_a_record_says_what_the_estimate_says(plan):
    estimate = plan.recommended
    record = estimate_record(estimate)
    assert record["chip"] == estimate.request.chip.id
    assert record["chips"] == (
        record["tensor_parallel_size"] * record["pipeline_parallel_size"] * record["data_parallel_size"]
    )
    assert record["tokens_per_s_per_chip"] * record["chips"] == pytest.approx(estimate.tokens_per_s)
    assert record["usd_per_million_output_tokens"] == estimate.usd_per_million_tokens
    assert record["usd_per_million_requests"] == pytest.approx(
        estimate.usd_per_million_tokens * estimate.request.output
    )
    assert record["max_num_seqs"] == estimate.request.batch
    assert record["sources"]
    assert all(set(source) == {"kind", "ref", "note"} for source in record["sources"])


def test_an_encoder_has_requests_and_no_tokens(encoder):
    record = estimate_record(encoder.recommended)
    assert record["tokens_per_s"] is None
    assert record["tpot_s"] is None
    assert record["output_tokens"] is None
    assert record["joules_per_request"] == encoder.recommended.joules_per_token
    assert record["requests_per_s"] > 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_becomes_null(plan, value):
    estimate = replace(plan.recommended, ttft_s=value, power_w=value, capacity_bytes=value)
    record = through_json(estimate_record(estimate))
    assert record["ttft_s"] is record["power_w"] is record["capacity_bytes"] is None


def test_limits_carry_their_units(plan):
    record = plan_record(plan)
    assert record["limits"]["tpot_s"] == 0.05
    assert record["limits"]["ttft_s"] is None
    assert {item["limit"] for item in record["relaxations"]} <= set(record["limits"]) | {"memory"}


def test_the_recommended_deployment_is_first_and_once(any_plan):
    found = deployments(any_plan)
    assert len(found) >= (any_plan.recommended is not None)
    if any_plan.recommended is not None:
        assert found[0] is any_plan.recommended
        keys = [(e.request.chip.id, e.request.parallelism.name, e.request.batch, e.request.scheme.name) for e in found]
        assert len(set(keys)) == len(keys)


def test_a_front_that_left_the_recommended_one_out_still_shows_it(plan):
    rest = tuple(estimate for estimate in deployments(plan) if estimate is not plan.recommended)
    assert deployments(replace(plan, front=rest)) == (plan.recommended, *rest)
