"""Plans: the grid's prices are those of single estimates, the recommended one is feasible and best, limits behave."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock import api
from interlock.api import resolve_model, spill_bytes
from interlock.cost.money import chip_price
from interlock.errors import InputError
from interlock.hardware import chip
from interlock.inference.estimate import Estimate, estimate_request
from interlock.inference.request import Request, divisibility
from interlock.models import model as read_model
from interlock.models import scheme
from interlock.parallel import Parallelism
from interlock.search import Goals, Plan, Space, make_plan, price_space
from interlock.search.axes import expert_degrees, pipeline_degrees, tensor_degrees
from interlock.search.goals import OBJECTIVES, Objective
from interlock.search.space import indices

CHIPS = ("h100-sxm", "a100-80g", "mi300x", "gaudi2", "l4")
OF: dict[Objective, Any] = {
    "cost": lambda e: e.usd_per_million_tokens,
    "throughput": lambda e: int(e.request.parallelism.chips) / e.tokens_per_s,
    "ttft": lambda e: e.ttft_s,
    "tpot": lambda e: e.tpot_s,
    "energy": lambda e: e.joules_per_token,
}


def space(name: str = "llama-3.1-8b", *, chips: tuple[str, ...] = CHIPS, **changes: Any) -> Space:
    described = resolve_model(name)
    experts = any(weight.group == "expert" for weight, _ in described.weights())
    found = tuple(chip(item) for item in chips)
    fields = {
        "model": described,
        "chips": found,
        "prices": tuple(chip_price(item) for item in found),
        "spill_bytes": tuple(spill_bytes(item) for item in found),
        "schemes": (scheme("bf16"), scheme("fp8", "fp8", "fp8"), scheme("int4-g128")),
        "tensor": (1, 2, 4, 8),
        "expert": (1, 2, 8) if experts else (1,),
        "pipeline": (1, 2, 3),
        "batches": (1, 4, 32, 256),
        "prompt": 1155.0,
        "output": 211.0,
    }
    return Space(**{**fields, **changes})


@cache
def planned(objective: Objective = "cost", **options: Any) -> Plan:
    return make_plan(space(), Goals(objective=objective, **options))


def singly(here: Space, place: int) -> Estimate:
    """One candidate of the space through the front door."""
    c, s, t, e, p, b = next(indices(here, [place]))
    groups = max(here.expert[e] // here.tensor[t], 1)
    p_ = Parallelism(tensor=here.tensor[t], expert=here.expert[e], pipeline=here.pipeline[p], data=groups)
    request = Request(
        model=here.model, chip=here.chips[c], scheme=here.schemes[s], parallelism=p_,
        batch=here.batches[b] * here.pipeline[p], prompt=here.prompt, output=here.output, images=here.images,
        skew=here.skew,
    )  # fmt: skip
    return estimate_request(request, host_memory=here.spill_bytes[c] or None)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("llama-3.1-8b", {}),
        ("llama-3.1-70b", {}),
        ("mixtral-8x7b", {"skew": 1.0}),
        ("mixtral-8x7b", {}),
        ("deepseek-v2-lite", {}),
        ("gemma-2-9b", {"prompt": 5000.0}),
        ("mamba-2.8b", {}),
        ("llava-1.5-7b", {"images": 1.0}),
        ("t5-large", {"prompt": 300.0, "output": 100.0}),
        ("bert-base", {"prompt": 100.0}),
    ],
)
def test_the_grid_prices_a_candidate_as_a_single_estimate_does(name: str, changes: dict[str, Any]):
    here = space(name, **changes)
    priced = price_space(here)
    assert priced.ttft.shape == here.shape
    random = np.random.default_rng(20)
    checked = 0
    for place in random.permutation(here.size)[:60]:
        if not priced.cut.ravel()[place]:
            with pytest.raises(InputError):
                singly(here, int(place))
            continue
        checked += 1
        e = singly(here, int(place))
        at = {key: float(getattr(priced, key).ravel()[place]) for key in priced.__dataclass_fields__}
        assert at["chips"] == int(e.request.parallelism.chips)
        assert at["needed"] == pytest.approx(e.weights_bytes + e.kv_bytes + e.activation_bytes, rel=1e-9)
        assert at["spilled"] == pytest.approx(e.spilled_bytes, rel=1e-9, nan_ok=True)
        assert e.feasible == bool(np.isfinite(at["ttft"]) and np.isfinite(at["tpot"]) and at["tokens_per_s"] > 0)
        if not e.feasible:
            continue
        figures = {
            "ttft": e.ttft_s, "tpot": e.tpot_s, "latency": e.latency_s, "tokens_per_s": e.tokens_per_s,
            "requests_per_s": e.requests_per_s, "joules": e.joules_per_token, "power": e.power_w,
            "usd": e.usd_per_million_tokens,
        }  # fmt: skip
        for key, value in figures.items():
            expected = np.nan if value is None else value
            assert at[key] == pytest.approx(expected, rel=1e-6, nan_ok=True), key  # kernels are priced in float32
    assert checked >= 15


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("limits", [{}, {"ttft_s": 0.2, "tpot_s": 0.02}, {"max_chips": 2}, {"power_w": 1500.0}])
def test_the_recommended_one_is_feasible_and_no_feasible_one_is_better_than_the_lowest(
    objective: Objective, limits: dict[str, Any]
):
    found = planned(objective, **limits)
    best = found.recommended
    assert best is not None
    assert best.feasible
    assert int(best.request.parallelism.chips) <= found.goals.max_chips
    for limit, value in (("ttft_s", best.ttft_s), ("tpot_s", best.tpot_s), ("power_w", best.power_w)):
        assert limits.get(limit) is None or value <= limits[limit] * (1 + 1e-9)
    here = found.space
    priced = price_space(here)
    random = np.random.default_rng(7)
    for place in random.permutation(np.flatnonzero(priced.cut))[:80]:
        e = singly(here, int(place))
        within = (
            e.feasible
            and int(e.request.parallelism.chips) <= found.goals.max_chips
            and e.ttft_s <= limits.get("ttft_s", np.inf)
            and e.tpot_s <= limits.get("tpot_s", np.inf)
            and (e.power_w or 0) <= limits.get("power_w", np.inf)
        )
        if within and OF[objective](e) is not None:
            assert OF[objective](found.lowest) <= OF[objective](e) * (1 + 1e-9)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_plan_is_the_same_twice(objective: Objective):
    again = make_plan(space(), Goals(objective=objective))
    first = planned(objective)
    key = [(e.request.chip.id, e.request.parallelism, e.request.batch, e.ttft_s) for e in first.front]
    assert [(e.request.chip.id, e.request.parallelism, e.request.batch, e.ttft_s) for e in again.front] == key
    assert again.recommended is not None
    assert first.recommended is not None
    assert again.recommended.request == first.recommended.request
    assert [(r.chip, r.why) for r in again.runners] == [(r.chip, r.why) for r in first.runners]


LIMITS = [("ttft_s", 0.06), ("tpot_s", 0.004), ("latency_s", 1.5), ("power_w", 400.0)]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(list(OBJECTIVES)), st.sampled_from(LIMITS), st.floats(1.0, 4.0), st.floats(1.0, 4.0))
def test_relaxing_a_limit_never_worsens_the_objective(
    objective: Objective, limit: tuple[str, float], factor: float, more: float
):
    name, tightest = limit
    here = space(chips=("h100-sxm", "l4"))
    tight = make_plan(here, Goals(objective=objective, **{name: tightest * factor}), show=1)
    loose = make_plan(here, Goals(objective=objective, **{name: tightest * factor * more}), show=1)
    assert loose.feasible >= tight.feasible
    if tight.recommended is not None:
        assert loose.recommended is not None
        assert OF[objective](loose.lowest) <= OF[objective](tight.lowest) * (1 + 1e-9)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_more_chips_allowed_never_worsen_the_objective(objective: Objective):
    here = space("llama-3.1-70b")
    limits = (1, 2, 3, 4, 6, 8, 16, 24)
    plans = [make_plan(here, Goals(objective=objective, max_chips=limit), show=1) for limit in limits]
    values = [np.inf if plan.lowest is None else OF[objective](plan.lowest) for plan in plans]
    assert np.isfinite(values[-1])
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(values))
    assert [plan.feasible for plan in plans] == sorted(plan.feasible for plan in plans)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6, 8, 9, 24])
def test_a_deployment_has_at_most_the_chips_allowed(limit: int):
    here = space("llama-3.1-8b")
    priced = price_space(here)
    runs = priced.cut & np.isfinite(priced.ttft) & np.isfinite(priced.tpot) & (priced.tokens_per_s > 0)
    chips = np.array(here.tensor)[:, None] * np.array(here.pipeline)[None, :]
    within = (chips <= limit)[None, None, :, None, :, None]
    assert make_plan(here, Goals(max_chips=limit), show=1).feasible == np.count_nonzero(runs & within)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_more_chip_in_the_list_never_worsens_the_objective(objective: Objective):
    plans = [make_plan(space(chips=CHIPS[:count]), Goals(objective=objective), show=1) for count in range(1, 6)]
    values = [OF[objective](plan.lowest) for plan in plans]
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(values))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_front_holds_the_recommended_one_and_nothing_that_another_beats(objective: Objective):
    found = planned(objective)
    requests = [e.request for e in found.front]
    assert found.recommended is not None
    assert found.recommended.request in requests
    assert len(set(map(repr, requests))) == len(requests)
    figures = [[OF[name](e) if OF[name](e) is not None else np.inf for name in OBJECTIVES] for e in found.front]
    for e, row in zip(found.front, figures, strict=True):
        beaten = [other for other in figures if np.all(np.array(other) * 1.03 < np.array(row))]
        assert not beaten or (found.preferred and e.request == found.recommended.request)  # by one that is less sure
    assert all(e.feasible for e in found.front)


@pytest.mark.parametrize("show", [0, 1, 3, 12])
def test_a_front_shows_as_many_as_asked_for(show: int):
    assert len(make_plan(space(), Goals(), show=show).front) <= show


def test_goals_that_nothing_meets_say_what_is_short_and_by_how_much():
    found = make_plan(space(), Goals(ttft_s=1e-5))
    assert found.recommended is None
    assert found.feasible == 0
    assert found.front == ()
    assert any("ttft" in line and "ms" in line and "% over" in line for line in found.missing)


def test_several_limits_missed_at_once_are_named_each():
    found = make_plan(space(), Goals(ttft_s=1e-5, tpot_s=1e-6))
    assert found.recommended is None
    text = " ".join(found.missing)
    assert "ttft" in text
    assert "tpot" in text


def test_a_model_too_large_says_how_many_gigabytes_are_missing():
    here = space("llama-3.1-405b", chips=("l4",), tensor=(1,), pipeline=(1,), schemes=(scheme("bf16"),))
    found = make_plan(replace(here, spill_bytes=(0.0,)), Goals())
    assert found.recommended is None
    assert any("l4" in line and "GB" in line and "short" in line for line in found.missing)


def test_a_chip_without_the_engine_says_so():
    found = make_plan(space(chips=("a100-80g",), schemes=(scheme("fp8", "fp8"),)), Goals())
    assert found.recommended is None
    assert any("not published" in line for line in found.missing)


def test_a_chip_whose_memory_has_no_published_size_is_never_feasible():
    bare = chip("h100-sxm")
    unknown = replace(bare, id="unknown", memories={**bare.memories, "main": replace(bare.main, capacity=None)})
    here = replace(space(chips=("h100-sxm",)), chips=(unknown,))
    found = make_plan(here, Goals())
    assert found.feasible == 0
    assert any("not published" in line for line in found.missing)


@pytest.mark.parametrize("rate", [0.5, 10.0, 200.0])
def test_a_rate_is_carried_by_replicas_that_are_at_most_85_percent_busy(rate: float):
    found = make_plan(space(), Goals(rate=rate, max_chips=10_000))
    best = found.recommended
    assert best is not None
    groups = int(best.request.parallelism.data)
    assert rate / best.requests_per_s <= 0.85 * (1 + 1e-9)
    fewer = best.requests_per_s * (groups - 1) / groups
    assert groups == 1 or rate / fewer > 0.85
    bare = estimate_request(best.request)
    wait = (rate / best.requests_per_s) / (2 * (1 - rate / best.requests_per_s)) * bare.ttft_s
    assert best.ttft_s == pytest.approx(bare.ttft_s + wait)
    assert best.latency_s == pytest.approx(bare.latency_s + wait)


def test_under_a_rate_the_money_is_that_of_the_chips_kept_busy_or_not():
    rate = 0.5
    found = make_plan(space(), Goals(rate=rate))
    best = found.recommended
    assert best is not None
    assert best.price is not None
    chips = int(best.request.parallelism.chips)
    assert best.usd_per_million_tokens == pytest.approx(chips * best.price.usd_per_s / (rate * 211) * 1e6, rel=1e-6)
    everywhere = min(chip_price(chip(name)).usd_per_s for name in CHIPS if chip_price(chip(name)))  # type: ignore[union-attr]
    assert chips * best.price.usd_per_s >= everywhere


def test_under_a_rate_an_encoder_is_paid_by_the_request():
    here = space("bert-base", prompt=100.0, tensor=(1,), pipeline=(1,))
    best = make_plan(here, Goals(rate=5.0)).recommended
    assert best is not None
    assert best.price is not None
    chips = int(best.request.parallelism.chips)
    assert best.usd_per_million_tokens == pytest.approx(chips * best.price.usd_per_s / 5.0 * 1e6, rel=1e-9)


@pytest.mark.parametrize("rates", [(1.0, 5.0), (5.0, 50.0), (50.0, 500.0)])
def test_a_higher_rate_needs_at_least_as_much_money(rates: tuple[float, float]):
    low, high = (make_plan(space(), Goals(rate=rate, max_chips=10_000), show=1).recommended for rate in rates)
    assert low is not None
    assert high is not None
    spent = [int(e.request.parallelism.chips) * e.price.usd_per_s for e in (low, high)]  # type: ignore[union-attr]
    assert spent[0] <= spent[1] * (1 + 1e-9)


def test_a_chip_without_a_price_is_never_the_cheapest_but_may_be_the_fastest():
    priced, unpriced = chip("l4"), chip("b200-sxm")
    here = replace(space(chips=("l4", "b200-sxm")), chips=(priced, unpriced), prices=(chip_price(priced), None))
    cheapest, fastest = make_plan(here, Goals()), make_plan(here, Goals(objective="tpot"))
    assert cheapest.recommended is not None
    assert cheapest.recommended.request.chip.id == "l4"
    assert [runner.why for runner in cheapest.runners] == ["its cost per token is unknown"]
    assert any("no price known for b200-sxm" in note for note in cheapest.notes)
    assert fastest.recommended is not None
    assert fastest.recommended.request.chip.id == "b200-sxm"


def test_where_no_price_is_known_the_plan_says_that_the_cost_is():
    found = make_plan(replace(space(), prices=(None,) * len(CHIPS)), Goals())
    assert found.recommended is None
    assert found.missing == ("the cost of every deployment that meets the limits is unknown",)


def test_the_users_price_wins_and_is_shown():
    found = api.plan("llama-3.1-8b", chips=["h100-sxm", "l4"], prices={"h100-sxm": 0.01})
    assert found.recommended is not None
    assert found.recommended.request.chip.id == "h100-sxm"
    assert found.recommended.price is not None
    assert found.recommended.price.basis == "yours"


@pytest.mark.parametrize("basis", ["hourly", "purchase"])
def test_the_recommended_price_has_the_basis_that_ranked_it(basis: Any):
    found = api.plan("llama-3.1-8b", chips=["h100-sxm", "l40s", "mi300x"], price_basis=basis)
    best = found.recommended
    assert best is not None
    assert best.price == found.space.prices[[item.id for item in found.space.chips].index(best.request.chip.id)]
    assert best.price is not None
    chips = int(best.request.parallelism.chips)
    assert best.usd_per_million_tokens == pytest.approx(chips * best.price.usd_per_s / best.tokens_per_s * 1e6)
    for runner in found.runners:
        if runner.estimate is not None:
            ratio = runner.estimate.usd_per_million_tokens / best.usd_per_million_tokens  # type: ignore[operator]
            assert runner.ratio == pytest.approx(ratio, rel=1e-6)


def test_every_other_chip_says_why_it_lost():
    found = make_plan(space("llama-3.1-70b", tensor=(1, 2), pipeline=(1,)), Goals(tpot_s=0.03, allow_spill=False))
    assert found.recommended is not None
    assert {runner.chip for runner in found.runners} == set(CHIPS) - {found.recommended.request.chip.id}
    for runner in found.runners:
        if runner.estimate is None:
            assert runner.ratio == np.inf
            assert any(character.isdigit() for character in runner.why) or "not published" in runner.why
        else:
            within = ", within the error band" if runner.tied else ""
            rank = "recommended" if found.preferred else "best"
            assert runner.why == f"{runner.ratio:.2f} times the {rank} cost per token{within}"
            assert runner.ratio >= 1 or (found.preferred and runner.tied)
    assert [runner.ratio for runner in found.runners] == sorted(runner.ratio for runner in found.runners)


def test_what_does_not_fit_spills_only_where_that_is_allowed():
    alone = space("llama-3.1-70b", chips=("h100-sxm",), tensor=(1,), pipeline=(1,), schemes=(scheme("bf16"),))
    assert alone.spill_bytes[0] > 100e9
    allowed, refused = (make_plan(alone, Goals(allow_spill=allow)) for allow in (True, False))
    assert allowed.recommended is not None
    assert allowed.recommended.spilled_bytes > 0
    assert allowed.recommended.feasible
    assert refused.recommended is None
    assert any("GB short" in line for line in refused.missing)
    nowhere = make_plan(replace(alone, spill_bytes=(0.0,)), Goals())
    assert nowhere.recommended is None


def test_a_relaxation_is_better_and_meets_the_other_limits():
    found = planned("cost", ttft_s=0.1, tpot_s=0.006)
    assert found.relaxations
    assert found.lowest is not None
    for item in found.relaxations:
        assert item.ratio < 0.99
        ratio = item.example.usd_per_million_tokens / found.lowest.usd_per_million_tokens  # type: ignore[operator]
        assert ratio == pytest.approx(item.ratio, rel=1e-9)
        broken = {"ttft": item.example.ttft_s > 0.1, "tpot": item.example.tpot_s > 0.006,
                  "max chips": int(item.example.request.parallelism.chips) > 8}  # fmt: skip
        assert [name for name, yes in broken.items() if yes] == [item.limit]


@pytest.mark.parametrize(
    ("goals", "said"),
    [
        ({"objective": "beauty"}, "--objective: found 'beauty'; accepted: one of cost, throughput"),
        ({"ttft_s": 0.0}, "--ttft: found 0.0; accepted: a quantity greater than zero"),
        ({"tpot_s": -1.0}, "--tpot"),
        ({"rate": float("nan")}, "--rate"),
        ({"power_w": float("inf")}, "--power"),
        ({"max_chips": 0}, "--max-chips: found 0; accepted: a whole number from 1"),
    ],
)
def test_goals_that_make_no_sense_are_refused(goals: dict[str, Any], said: str):
    with pytest.raises(InputError) as caught:
        Goals(**goals)
    assert said in str(caught.value)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 8, 63])
@pytest.mark.parametrize(
    "name", ["gpt2", "llama-3.1-70b", "deepseek-v3", "mamba-2.8b", "jamba-v0.1", "vit-base-patch16"]
)
def test_more_chips_never_take_a_degree_away_and_every_degree_fits(limit: int, name: str):
    shape = read_model(name)
    for degrees in (tensor_degrees, expert_degrees, pipeline_degrees):
        found = degrees(shape, limit)
        assert found[0] == 1
        assert found[-1] <= limit
        assert set(found) <= set(degrees(shape, limit + 1))
    for tensor in tensor_degrees(shape, limit):
        assert not [reason for reason in divisibility(shape, Parallelism(tensor=tensor)) if "heads do not" in reason]
