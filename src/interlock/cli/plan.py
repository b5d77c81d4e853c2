"""`interlock plan`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from interlock import api
from interlock.cli.flags import Prices, Switch, Whole, listed, prices
from interlock.cli.plan_text import print_plan
from interlock.cli.show import print_json, progress
from interlock.inference.explanation import explain_estimate
from interlock.report.csv_table import plan_csv
from interlock.report.page import plan_page
from interlock.report.record import plan_record
from interlock.report.write import write
from interlock.search.goals import Objective
from interlock.search.loss import Basis


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class PlanFlags:
    """What to plan for."""

    model: str
    """A shipped name (`interlock models`), a config.json, or a folder that holds one."""
    chips: str | None = None
    """Names or TOML files, separated by commas; all data-centre chips with a known price if absent."""
    workload: str | None = None
    """A named workload (`interlock workloads`); chat if absent."""
    prompt: Annotated[float | None, Parameter(alias="--input-len")] = None
    """Tokens in, instead of the workload's."""
    output: Annotated[float | None, Parameter(alias="--output-len")] = None
    """Tokens out, instead of the workload's."""
    images: float | None = None
    """Images in each request."""
    objective: Objective = "cost"
    """What to be best at."""
    ttft: str | None = None
    """Longest time to first token, such as 1s."""
    tpot: str | None = None
    """Longest time per output token, such as 50ms."""
    latency: str | None = None
    """Longest time of a whole request, such as 10s."""
    power: str | None = None
    """Most board power of all chips, such as 10kW."""
    slo: str | None = None
    """The limits in one, such as ttft=1s,tpot=50ms."""
    rate: Annotated[float | None, Parameter(alias="--request-rate")] = None
    """Requests a second to carry; replicas are added for it."""
    trace: str | None = None
    """A kind of traffic (`interlock trace list`) or a trace file: the best few deployments are simulated under it."""
    requests: Annotated[Whole, Parameter(alias="--num-prompts")] = 2000
    """How many of them are simulated."""
    policy: str = "sarathi-serve"
    """The serving policy that is simulated (`interlock policies`)."""
    shortlist: Whole = 6
    """Most deployments to simulate."""
    max_chips: Whole = 8
    """Most chips of a deployment."""
    max_quality_loss: str | None = None
    """Most that perplexity may rise, such as 1%; formats and sparsity with a known loss join the search."""
    quality_basis: Basis = "published"
    """Which losses count: measured here on this model, published of it, too, or any, also of other models."""
    weight_formats: str | None = None
    """Formats of linear weights to consider, separated by commas; the checkpoint's and fp8 if absent."""
    kv_cache_dtypes: str | None = None
    """Formats of the KV cache to consider, separated by commas."""
    price: Prices = field(default_factory=list)
    """Your own price, as NAME=USD_PER_HOUR; may be repeated."""
    price_basis: Literal["hourly", "purchase"] = "hourly"
    """Hourly list rates, or the purchase spread over its life."""
    host_memory: str | None = None
    """Memory behind each chip that what does not fit may spill to, such as 256GB."""
    routing_skew: float = 0.0
    """How unevenly tokens choose experts: 0 uniform, 1 Zipf."""
    stack: str | None = None
    """What serves: vllm-v1 (GPUs, if absent), trt-llm-v1, sglang, llama.cpp, hf, ...; ideal for bare kernels."""
    spill: bool = True
    """Whether deployments that spill to a second tier count."""
    front: Whole = 8
    """Most entries of the Pareto set to show."""

    def options(self) -> dict[str, Any]:
        """The keyword arguments of `interlock.plan`, but for the model."""
        left_out = {"model", "price", "front"}
        named = {key: value for key, value in vars(self).items() if key not in left_out}
        return {
            **named,
            "chips": listed(self.chips, "--chips"),
            "weight_formats": listed(self.weight_formats, "--weight-formats"),
            "kv_cache_dtypes": listed(self.kv_cache_dtypes, "--kv-cache-dtypes"),
            "prices": prices(self.price),
            "show": self.front,
        }


def plan(flags: PlanFlags, *, json: Switch = False, csv: Path | None = None, html: Path | None = None) -> None:
    """Search chips, cuts, formats and batches; rank what meets the limits, and say why.

    Parameters
    ----------
    json
        Print a record instead of text.
    csv
        Write the deployments as a CSV file.
    html
        Write a page with charts and tables that opens with no network.
    """
    with progress("pricing deployments") as advance:
        found = api.plan(flags.model, **flags.options(), progress=advance)
    reports = [] if csv is None else [(csv, plan_csv(found))]
    if html is not None:
        explanation = explain_estimate(found.recommended) if found.recommended else None
        reports.append((html, plan_page(found, explanation)))
    for path, text in reports:
        write(path, text)
    if json:
        print_json(plan_record(found))
    else:
        print_plan(found)
    if found.recommended is None:
        raise SystemExit(1)
