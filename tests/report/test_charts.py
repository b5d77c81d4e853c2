"""Charts: they compile, draw what they should, and stay readable."""

import json
from dataclasses import replace

import pytest

from interlock import api
from interlock.report.charts import breakdown_chart, memory_chart, pareto_chart, roofline_chart
from interlock.report.charts.placing import sides, ticks
from interlock.report.deployments import deployments

vl_convert = pytest.importorskip("vl_convert")


def svg(chart):
    json.dumps(chart, allow_nan=False)
    return vl_convert.vegalite_to_svg(chart, vl_version="5.20")


def marks(drawn):
    return drawn.count("<path")


def test_fronts_draw_a_point_for_every_deployment(any_plan):
    drawn = svg(pareto_chart(any_plan))
    shown = deployments(any_plan)
    runners = [runner for runner in any_plan.runners if runner.estimate is not None]
    if shown:
        assert marks(drawn) > len(shown) + len(runners)
        assert drawn.count('aria-roledescription="point"') >= len(shown)
    else:
        assert "no deployment meets the goals" in drawn


def test_the_front_without_prices_shows_energy(unpriced):
    assert unpriced.recommended is None
    assert "Energy per token" in svg(pareto_chart(unpriced))


def test_the_axis_is_the_objective_where_that_is_a_cost(experts, encoder):
    assert "Energy per token" in svg(pareto_chart(experts))
    assert "Requests/s per chip" in svg(pareto_chart(encoder))


def test_the_limit_is_drawn(plan):
    assert "limit 50 ms" in svg(pareto_chart(plan))
    free = replace(plan, goals=replace(plan.goals, tpot_s=None))
    assert "limit 50" not in svg(pareto_chart(free))


def test_the_recommended_deployment_is_named(plan):
    assert ">recommended<" in svg(pareto_chart(plan))


def test_nothing_known_is_said(unpriced):
    unknown = tuple(replace(estimate, tpot_s=float("nan")) for estimate in unpriced.front)
    assert "unknown for every deployment" in svg(pareto_chart(replace(unpriced, front=unknown)))


def test_memory_of_a_plan(any_plan):
    drawn = svg(memory_chart(any_plan))
    assert drawn.count('aria-roledescription="bar"') == 4 * len(deployments(any_plan))


def test_memory_of_an_estimate(any_explanation):
    assert svg(memory_chart(any_explanation.estimate)).count('aria-roledescription="bar"') == 4


def test_rooflines(any_explanation):
    drawn = svg(roofline_chart(any_explanation))
    working = [line for line in any_explanation.lines if line.flop > 0 and line.share > 0.0005]
    assert drawn.count('aria-roledescription="point"') == len(working)


def test_the_roof_is_the_published_peak(explanation):
    chart = roofline_chart(explanation)
    roof = chart["layer"][0]["data"]["values"]
    chip = explanation.estimate.request.chip
    assert max(end["rate"] for end in roof) == chip.peak("bf16")
    assert chip.peak("bf16") / chip.main.bandwidth in [end["intensity"] for end in roof]
    assert roof[0]["rate"] == pytest.approx(roof[0]["intensity"] * chip.main.bandwidth)


def test_two_formats_have_two_roofs(explanations):
    names = [item["text"] for item in roofline_chart(explanations["experts"])["layer"][1]["data"]["values"]]
    assert [name.split()[2] for name in names] == ["bf16,", "fp8,"]


def test_operators_without_work_are_left_out(explanation):
    shown = {item["Operator"] for item in roofline_chart(explanation)["layer"][2]["data"]["values"]}
    assert "gate_up" in shown
    assert not any("all_reduce" in name for name in shown)


def test_breakdowns_add_up_to_the_phase(explanation):
    rows = breakdown_chart(explanation)["data"]["values"]
    for phase in ("prefill", "decode"):
        drawn = sum(row["time_s"] for row in rows if phase in row["phase"])
        assert drawn == pytest.approx(sum(line.time_s for line in explanation.lines if line.phase == phase))
    assert svg(breakdown_chart(explanation)).count('aria-roledescription="bar"') == len(rows)


def test_partly_known_phases_are_not_drawn(explanations):
    assert "unknown" in svg(breakdown_chart(explanations["unknown rate"]))


@pytest.mark.parametrize("chip", ["sn40l", "northpole", "gb10", "xeon-8480-plus", "rapid"])
def test_odd_chips_draw(chip):
    found = api.explain("qwen3-0.6b", chip, prompt=100, output=10)
    assert all(svg(draw(found)) for draw in (roofline_chart, breakdown_chart))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.9, 25, [1, 2, 5, 10, 20]), (0.5, 3e4, [1, 10, 100, 1e3, 1e4]), (3, 4, [])],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == expected


def test_names_keep_out_of_each_others_way():
    axes = {axis: {"scale": {"domain": [1, 100]}} for axis in "xy"}
    found = sides(["a" * 10] * 6, [10] * 6, [10] * 6, axes, (600, 400))
    assert found == ["right", "left", "above", "", "", ""]
    assert sides(["far", "apart"], [2, 50], [2, 50], axes, (600, 400)) == ["right", "right"]
    assert sides(["at the edge"], [99], [10], axes, (600, 400)) == ["left"]
