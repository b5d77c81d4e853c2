"""Pages of simulated serving: whole, with every chart drawable, saying what the figures say."""

import json
import math

import pytest

from interlock.hardware.installed import find as find_chip
from interlock.models import model, scheme
from interlock.parallel import Parallelism
from interlock.report.benchmark_names import aiperf_record, vllm_record
from interlock.report.page.serving import capacity_page, serving_page
from interlock.report.page.serving_tables import best_of
from interlock.report.serving import bands_record, serving_csv, serving_record
from interlock.serving.comparison import capacities, compare
from interlock.serving.deployment import deployment
from interlock.serving.runs import Run, Setting
from interlock.serving.simulation import Engine
from interlock.workloads.load import Load

vl_convert = pytest.importorskip("vl_convert")
POLICIES = ("orca", "vllm", "sarathi-serve+vtc")


@pytest.fixture(scope="module")
def setting():
    on = deployment(
        model("llama-3.1-8b"), find_chip("h100-sxm", "--chip"), scheme(), Parallelism(), context=1000.0, max_num_seqs=64
    )
    engine = Engine(clock=on.clock, kv_tokens=60_000, longest=2**14)
    load = Load(trace="azure-conv", count=150, clients=3)
    return Setting(on=on, engine=engine, load=load, limits={"ttft": 0.5, "tpot": 0.03}, max_num_seqs=64)


@pytest.fixture(scope="module")
def found(setting):
    return compare(setting, [Run(policy=name, rate=15.0, history=True) for name in POLICIES])


def charts_of(page):
    start = page.index('id="charts">') + len('id="charts">')
    return json.loads(page[start : page.index("</script>", start)])


def test_a_comparison_names_every_policy_and_draws_every_chart(setting, found):
    page = serving_page(setting, found)
    charts = charts_of(page)
    wanted = {f"spread-{name}" for name in ("ttft", "tpot", "itl", "e2el")}
    wanted |= {f"cdf-{name}" for name in ("ttft", "tpot", "itl", "e2el")}
    wanted |= {f"time-{name}" for name in ("waiting", "running", "tokens_per_s", "held")}
    assert set(charts) == wanted | {"memory"} | {f"service-{place}" for place in range(3)}
    for name, chart in charts.items():
        assert f'id="{name}"' in page
        assert vl_convert.vegalite_to_svg({**chart, "width": 400}).startswith("<svg"), name
    assert all(name in page for name in POLICIES)
    assert "500 ms" in page
    assert "http" not in page[: page.index("<script")].replace("http-equiv", "")


def test_the_best_is_the_one_with_the_most_good_requests_a_dollar(found):
    best = max(found, key=lambda each: each.metrics.goodput_per_usd)
    told, close = best_of(found)
    assert told.startswith(f"{best.label}:")
    at_ends = {
        side: max(found, key=lambda each: getattr(each, side).goodput_per_usd).label for side in ("fast", "slow")
    }
    assert all(label in close or label == best.label for label in at_ends.values())


def test_rates_side_by_side_are_drawn_over_rates(setting):
    runs = [Run(policy=name, rate=rate) for name in POLICIES[1:] for rate in (5.0, 20.0)]
    page = serving_page(setting, compare(setting, runs, band=False))
    charts = charts_of(page)
    assert {"rate-ttft-p99", "rate-tpot-p99", "rate-request_goodput"} <= set(charts)
    points = charts["rate-ttft-p99"]["layer"][0]["data"]["values"]
    assert sorted((point["label"], point["x"]) for point in points) == sorted((run.policy, run.rate) for run in runs)


def test_a_search_for_the_highest_rate_draws_every_rate_it_tried(setting):
    highest = capacities(setting, [Run(policy="vllm"), Run(policy="orca")], 1.0, 40.0, share=0.9)
    charts = charts_of(capacity_page(setting, highest, 0.9))
    assert set(charts) == {"highest", "share", "tried-ttft", "tried-tpot"}
    points = charts["share"]["layer"][0]["data"]["values"]
    assert len(points) == sum(len(each.likely.tried) for each in highest.values())
    for chart in charts.values():
        assert vl_convert.vegalite_to_svg({**chart, "width": 400}).startswith("<svg")


def test_records_hold_bands_and_are_plain_json(found):
    record = json.loads(json.dumps(serving_record(found[1]), allow_nan=False))
    low, high = record["bands"]["ttft.p99"]
    assert low <= record["ttft"]["p99"] <= high
    assert bands_record(found[1])["output_throughput"][0] <= record["output_throughput"]
    text = serving_csv(found).splitlines()
    assert len(text) == 1 + len(found)
    assert "ttft_p99_low" in text[0]


def test_field_names_are_those_of_the_benchmarks(found):
    """As `vllm bench serve --save-result` and AIPerf's JSON export have them."""
    vllm = vllm_record(found[1].metrics)
    for name in ("ttft", "tpot", "itl", "e2el"):
        assert {f"{kind}_{name}_ms" for kind in ("mean", "median", "std", "p99")} <= set(vllm)
    assert vllm["p50_ttft_ms"] == vllm["median_ttft_ms"]
    assert {"duration", "completed", "failed", "total_input_tokens", "total_output_tokens", "request_throughput",
            "request_goodput", "output_throughput", "total_token_throughput", "max_output_tokens_per_s",
            "max_concurrent_requests"} <= set(vllm)  # fmt: skip
    aiperf = aiperf_record(found[1].metrics)
    for name in ("time_to_first_token", "inter_token_latency", "request_latency"):
        block = aiperf[name]
        assert block["unit"] == "ms"
        assert set(block) == {"unit", "avg", "p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "min",
                              "max", "std", "count", "sum"}  # fmt: skip
        ordered = [block[key] for key in ("min", "p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "max")]
        assert ordered == sorted(ordered)
        assert all(math.isfinite(value) for value in ordered)
    assert {"output_token_throughput", "request_throughput", "request_count", "benchmark_duration",
            "output_sequence_length", "input_sequence_length", "output_token_throughput_per_user",
            "total_token_throughput", "goodput"} <= set(aiperf)  # fmt: skip
