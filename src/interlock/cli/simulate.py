"""`interlock simulate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from interlock.cli.faults import FaultFlags
from interlock.cli.flags import Switch, listed
from interlock.cli.serving_text import print_capacities, print_metrics
from interlock.cli.show import print_json, progress
from interlock.cli.simulate_flags import EngineFlags, LoadFlags
from interlock.cli.speculation_flags import SpeculationFlags
from interlock.errors import InputError
from interlock.report.serving import capacity_record, serving_csv, serving_record
from interlock.report.write import write
from interlock.serving.capacity import Capacity, find_capacity, rates_of
from interlock.serving.deployment import Deployment
from interlock.serving.export import chrome_trace as trace_events
from interlock.serving.export import requests_csv, requests_parquet
from interlock.serving.faults import Comings
from interlock.serving.faults import run as run_simulation
from interlock.serving.metrics import Metrics, measure
from interlock.serving.metrics import slo as limits_of
from interlock.serving.policy import Policy
from interlock.serving.registry import policy as find_policy
from interlock.serving.simulation import Engine, Outcome

TRACE_ROWS = 200_000


def simulate(
    engine: EngineFlags,
    load: LoadFlags | None = None,
    speculation: SpeculationFlags | None = None,
    faults: FaultFlags | None = None,
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
    limits = limits_of(slo)
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
    on = engine.deployment(requests, (speculation or SpeculationFlags()).drafting(load.seed))
    comes = (faults or FaultFlags()).comings(on)
    runs = engine.engine(on, load.max_concurrency)
    chosen = [find_policy(name, max_num_seqs=engine.max_num_seqs) for name in named]
    if find_capacity:
        assert low is not None
        assert high is not None
        capacities = _capacities(chosen, load, on, runs, comes, limits, low, high, attain)
        if json:
            print_json({"policies": {name: capacity_record(found) for name, found in capacities.items()}})
        else:
            print_capacities(on, capacities, slo or "", attain)
        return
    rows = TRACE_ROWS if chrome_trace else 0
    found: dict[str, Metrics] = {}
    outcome: Outcome | None = None
    for each in chosen:
        with progress(f"simulating {each.name}") as advance:
            outcome = run_simulation(requests, runs, each, comes, trace_rows=rows, seed=load.seed, progress=advance)
        found[each.name] = measure(outcome, on, limits)
    assert outcome is not None
    if chrome_trace:
        write(chrome_trace, trace_events(outcome))
    if save_requests and save_requests.suffix == ".parquet":
        requests_parquet(outcome, save_requests)
    elif save_requests:
        write(save_requests, requests_csv(outcome))
    if csv is not None:
        write(csv, serving_csv(found))
    if json:
        print_json({"policies": {name: serving_record(metrics) for name, metrics in found.items()}})
    else:
        print_metrics(on, requests, found, limits)


def _capacities(
    chosen: list[Policy], load: LoadFlags, on: Deployment, runs: Engine, comes: Comings, limits: dict[str, float],
    low: float, high: float, attain: float,
) -> dict[str, Capacity]:  # fmt: skip
    found: dict[str, Capacity] = {}
    for each in chosen:
        with progress(f"searching the capacity of {each.name}") as advance:
            found[each.name] = find_capacity(
                _at_rate(each, load, on, runs, comes, limits, advance), low, high, share=attain
            )
    return found


def _at_rate(
    each: Policy, load: LoadFlags, on: Deployment, runs: Engine, comes: Comings, limits: dict[str, float],
    advance: Callable[[int, int], None],
) -> Callable[[float], Metrics]:  # fmt: skip
    """A simulation as a function of the rate alone."""

    def run(rate: float) -> Metrics:
        outcome = run_simulation(load.at(rate), runs, each, comes, seed=load.seed, progress=advance)
        return measure(outcome, on, limits)

    return run
