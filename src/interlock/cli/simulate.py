"""`interlock simulate`."""

from __future__ import annotations

import csv as csv_writer
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from interlock.api.accepted import loaded_format, own_prices, resolve_model, size_of, skew_of
from interlock.cli.flags import Prices, Switch, Whole, listed, prices
from interlock.cli.serving_text import print_capacities, print_metrics
from interlock.cli.show import print_json, progress
from interlock.errors import InputError
from interlock.hardware.installed import find as find_chip
from interlock.models import scheme
from interlock.parallel import Parallelism
from interlock.report.write import write
from interlock.serving.capacity import Capacity, find_capacity, rates_of
from interlock.serving.deployment import Deployment, deployment
from interlock.serving.export import chrome_trace, requests_csv, requests_parquet
from interlock.serving.metrics import Metrics, aiperf_record, measure, slo, vllm_record
from interlock.serving.policy import UNLIMITED, Policy
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, Outcome
from interlock.serving.simulation import simulate as run_simulation
from interlock.units import parse
from interlock.workloads.requests import Requests
from interlock.workloads.traffic import traffic

TRACE_ROWS = 200_000


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class EngineFlags:
    """What serves."""

    model: str
    """A shipped name (`interlock models`), a config.json, or a folder that holds one."""
    chip: str
    """A name (`interlock chips`) or a TOML file of your own."""
    tensor_parallel_size: Annotated[Whole, Parameter(alias=["-tp", "--tp"])] = 1
    """Chips that share every layer."""
    pipeline_parallel_size: Annotated[Whole, Parameter(alias=["-pp", "--pp"])] = 1
    """Stages that share the layers."""
    replicas: Annotated[Whole, Parameter(alias=["--data-parallel-size", "-dp", "--dp"])] = 1
    """Replicas, each of them with its own batch."""
    prefill_replicas: Whole = 0
    """Of these, how many only read prompts, under a policy with pools (splitwise, distserve); its own share if 0."""
    weight_format: str | None = None
    """How linear weights are stored; as the checkpoint if absent."""
    activation_format: str = "bf16"
    """What linear layers read."""
    kv_cache_dtype: str | None = None
    """Format of the KV cache; 16 bits if absent."""
    max_num_seqs: Whole = 256
    """Most sequences of a batch."""
    max_model_len: Whole | None = None
    """Most tokens of a request; the model's positions if absent."""
    kv_tokens: Whole | None = None
    """Tokens that a replica's KV cache holds, where an engine has said it; computed from memory if absent."""
    step_overhead: str = "0s"
    """Host work of every step that no kernel hides, such as 2ms."""
    routing_skew: float = 0.0
    """How unevenly tokens choose experts: 0 uniform, 1 Zipf."""
    price: Prices = field(default_factory=list)
    """Your own price, as NAME=USD_PER_HOUR; may be repeated."""

    def deployment(self, requests: Requests) -> Deployment:
        """Priced for requests of these lengths."""
        model = resolve_model(self.model)
        on = find_chip(self.chip, "--chip")
        formats = scheme(self.weight_format or loaded_format(model), self.activation_format, self.kv_cache_dtype)
        return deployment(
            model,
            on,
            formats,
            Parallelism(
                tensor=size_of(self.tensor_parallel_size, "--tensor-parallel-size"),
                pipeline=size_of(self.pipeline_parallel_size, "--pipeline-parallel-size"),
                data=size_of(self.replicas, "--replicas"),
            ),
            context=float(np.mean(requests.prompt + requests.output / 2.0)),
            max_num_seqs=size_of(self.max_num_seqs, "--max-num-seqs"),
            kv_tokens=self.kv_tokens if self.kv_tokens is None else size_of(self.kv_tokens, "--kv-tokens"),
            overhead_s=parse(self.step_overhead, "s", where="--step-overhead"),
            skew=skew_of(self.routing_skew),
            prices=own_prices(prices(self.price), [on]),
        )

    def engine(self, on: Deployment, concurrency: int | None) -> Engine:
        """What is simulated."""
        return Engine(
            clock=on.clock,
            kv_tokens=on.kv_tokens,
            replicas=on.lanes,
            longest=self.max_model_len or on.model.max_positions or 2**17,
            swap_s=on.swap_s,
            prefill_replicas=self.prefill_replicas,
            transfer_s=on.transfer_s,
            transfer_latency_s=on.transfer_latency_s,
            transfer_layers=on.model.main.depth,
            concurrency=UNLIMITED if concurrency is None else size_of(concurrency, "--max-concurrency"),
        )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class LoadFlags:
    """What is served."""

    trace: str | None = None
    """A kind of traffic (`interlock trace list`) or a trace file."""
    workload: str | None = None
    """A named workload, whose mean lengths every request has, where there is no trace."""
    prompt: Annotated[Whole | None, Parameter(alias="--input-len")] = None
    """Tokens in of every request."""
    output: Annotated[Whole | None, Parameter(alias="--output-len")] = None
    """Tokens out of every request."""
    requests: Annotated[Whole | None, Parameter(alias="--num-prompts")] = None
    """How many; all of a file, or 10000."""
    rate: Annotated[str | None, Parameter(alias="--request-rate")] = None
    """Requests a second, or a range such as 1..200 for --find-capacity; as the trace has them if absent."""
    arrivals: str | None = None
    """poisson, gamma, bursty or diurnal, instead of the trace's own."""
    cv: Annotated[float | None, Parameter(alias="--burst-cv")] = None
    """Deviation of gamma gaps over their mean."""
    clients: Whole = 1
    """How many clients share drawn requests."""
    max_concurrency: Whole | None = None
    """Most requests under way at once; the others wait before they arrive (closed loop)."""
    seed: Whole = 0
    """Of everything drawn."""

    def at(self, rate: float | None) -> Requests:
        """The requests at a rate."""
        return traffic(
            self.trace, shape=self.workload, prompt=self.prompt, output=self.output, count=self.requests, rate=rate,
            process=self.arrivals, cv=self.cv, seed=self.seed, clients=self.clients,
        )  # fmt: skip


def simulate(
    engine: EngineFlags,
    load: LoadFlags | None = None,
    *,
    policy: str = "sarathi-serve",
    compare: str | None = None,
    slo: str | None = None,
    find_capacity: Switch = False,
    attain: float = 0.9,
    json: Switch = False,
    csv: Path | None = None,
    chrome_trace: Path | None = None,
    save_requests: Path | None = None,
) -> None:
    """Simulate serving: latencies, goodput, memory, fairness, energy and cost of a policy under traffic.

    Parameters
    ----------
    policy
        Names joined by "+", one a family: vllm, sarathi-serve+vtc, orca+paged (`interlock policies`).
    compare
        Several policies, separated by commas, side by side.
    slo
        Limits that make a request good, such as ttft=1s,tpot=50ms.
    find_capacity
        Search --rate A..B for the highest rate at which enough requests meet --slo.
    attain
        The share of requests that is enough.
    json
        Print a record instead of text, with the figures in the names of vllm bench serve and AIPerf, too.
    csv
        Write the figures as a CSV file, one row a policy.
    chrome_trace
        Write what each replica did when, for chrome://tracing or Perfetto.
    save_requests
        Write one row a request: Parquet if the name ends in .parquet, else CSV.
    """
    load = load or LoadFlags()
    named = listed(compare, "--compare") or [policy]
    limits = _slo(slo)
    if not 0 < attain <= 1:
        raise InputError("--attain", f"{attain:g}", "a share above 0, at most 1")
    low, high = (None, None) if load.rate is None else rates_of(load.rate)
    if find_capacity and (not limits or low is None or high is None):
        raise InputError("--find-capacity", "no --slo or no --rate A..B", "both")
    if not find_capacity and low != high:
        raise InputError("--rate", repr(load.rate), "one rate, or --find-capacity with a range")
    if len(named) > 1 and (chrome_trace or save_requests):
        raise InputError("--compare", "several policies", "one policy with --chrome-trace or --save-requests")
    requests = load.at(low)
    on = engine.deployment(requests)
    runs = engine.engine(on, load.max_concurrency)
    chosen = [_policy(name, engine.max_num_seqs) for name in named]
    if find_capacity:
        assert low is not None
        assert high is not None
        capacities = _capacities(chosen, load, on, runs, limits, low, high, attain)
        if json:
            print_json({"policies": {name: _capacity_record(found) for name, found in capacities.items()}})
        else:
            print_capacities(on, capacities, slo or "", attain)
        return
    rows = TRACE_ROWS if chrome_trace else 0
    found: dict[str, Metrics] = {}
    outcome: Outcome | None = None
    for each in chosen:
        with progress(f"simulating {each.name}") as advance:
            outcome = run_simulation(requests, runs, each, trace_rows=rows, seed=load.seed, progress=advance)
        found[each.name] = measure(outcome, on, limits)
    assert outcome is not None
    if chrome_trace:
        write(chrome_trace, _trace(outcome))
    if save_requests and save_requests.suffix == ".parquet":
        requests_parquet(outcome, save_requests)
    elif save_requests:
        write(save_requests, requests_csv(outcome))
    if csv is not None:
        write(csv, _csv(found))
    if json:
        print_json({"policies": {name: _record(metrics) for name, metrics in found.items()}})
    else:
        print_metrics(on, requests, found, limits)


def _policy(name: str, max_num_seqs: int) -> Policy:
    return policy(name, max_num_seqs=max_num_seqs)


def _slo(text: str | None) -> dict[str, float]:
    return slo(text)


def _trace(outcome: Outcome) -> str:
    return chrome_trace(outcome)


def _capacities(
    chosen: list[Policy], load: LoadFlags, on: Deployment, runs: Engine, limits: dict[str, float], low: float,
    high: float, attain: float,
) -> dict[str, Capacity]:  # fmt: skip
    found: dict[str, Capacity] = {}
    for each in chosen:
        with progress(f"searching the capacity of {each.name}") as advance:
            found[each.name] = find_capacity(_at_rate(each, load, on, runs, limits, advance), low, high, share=attain)
    return found


def _at_rate(
    each: Policy, load: LoadFlags, on: Deployment, runs: Engine, limits: dict[str, float],
    advance: Callable[[int, int], None],
) -> Callable[[float], Metrics]:  # fmt: skip
    """A simulation as a function of the rate alone."""

    def run(rate: float) -> Metrics:
        outcome = run_simulation(load.at(rate), runs, each, seed=load.seed, progress=advance)
        return measure(outcome, on, limits)

    return run


def _record(metrics: Metrics) -> dict[str, Any]:
    """SI figures, and the same in the names of two benchmarks; what is not known is null."""
    record = {**asdict(metrics), "vllm": vllm_record(metrics), "aiperf": aiperf_record(metrics)}
    return _plain(record)  # type: ignore[no-any-return]


def _capacity_record(found: Capacity) -> dict[str, Any]:
    bare = asdict(replace(found, metrics=None))
    return _plain({**bare, "metrics": None if found.metrics is None else _record(found.metrics)})  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """JSON has no nan."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _csv(found: dict[str, Metrics]) -> str:
    out = io.StringIO()
    flat = {name: {**vllm_record(m), **_scalars(m)} for name, m in found.items()}
    writer = csv_writer.DictWriter(out, ["policy", *next(iter(flat.values()))], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"policy": name, **row} for name, row in flat.items())
    return out.getvalue()


def _scalars(metrics: Metrics) -> dict[str, Any]:
    return {key: value for key, value in asdict(metrics).items() if not isinstance(value, dict)}
