"""`interlock simulate`."""

from __future__ import annotations

from pathlib import Path

from interlock.cli.faults import FaultFlags
from interlock.cli.flags import Switch, listed
from interlock.cli.serving_text import print_capacities, print_metrics
from interlock.cli.show import advancing, print_json
from interlock.cli.simulate_flags import EngineFlags, LoadFlags, SweepFlags
from interlock.cli.speculation_flags import SpeculationFlags
from interlock.errors import InputError
from interlock.report.page.serving import capacity_page, serving_page
from interlock.report.serving import capacity_record, serving_csv, serving_record
from interlock.report.write import write
from interlock.serving.comparison import capacities, most_runs, paces_of
from interlock.serving.comparison import compare as side_by_side
from interlock.serving.export import chrome_trace as trace_events
from interlock.serving.export import requests_csv, requests_parquet
from interlock.serving.faults import always
from interlock.serving.metrics import slo as limits_of
from interlock.serving.registry import policy as find_policy
from interlock.serving.runs import Run, Setting, outcome_of
from interlock.serving.simulation import Outcome

TRACE_ROWS = 200_000


def simulate(
    engine: EngineFlags,
    load: LoadFlags | None = None,
    speculation: SpeculationFlags | None = None,
    faults: FaultFlags | None = None,
    sweep: SweepFlags | None = None,
    *,
    policy: str = "sarathi-serve",
    compare: str | None = None,
    slo: str | None = None,
    find_capacity: Switch = False,
    attain: float = 0.9,
    json: Switch = False,
    csv: Path | None = None,
    html: Path | None = None,
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
        Write the figures as a CSV file, one row a simulation.
    html
        Write a page with charts and tables that opens with no network.
    chrome_trace
        Write what each replica did when, for chrome://tracing or Perfetto.
    save_requests
        Write one row a request: Parquet if the name ends in .parquet, else CSV.
    """
    load, sweep = load or LoadFlags(), sweep or SweepFlags()
    limits = limits_of(slo)
    if not 0 < attain <= 1:
        raise InputError("--attain", f"{attain:g}", "a share above 0, at most 1")
    if find_capacity and not limits:
        raise InputError("--find-capacity", "no --slo", "limits, such as --slo ttft=1s,tpot=50ms")
    seeds = sweep.seeded(load.seed)
    rates = load.rates(spanned=find_capacity)
    runs = [
        Run(policy=find_policy(name, max_num_seqs=engine.max_num_seqs).name, rate=rate, seed=seed, history=bool(html))
        for name in dict.fromkeys(listed(compare, "--compare") or [policy])
        for rate in (rates[:1] if find_capacity else rates)
        for seed in seeds
    ]
    if (chrome_trace or save_requests) and (len(runs) > 1 or find_capacity):
        raise InputError("--chrome-trace" if chrome_trace else "--save-requests", "several simulations", "one")
    requests = load.load().at(rates[0], load.seed)
    on = engine.deployment(requests, (speculation or SpeculationFlags()).drafting(load.seed))
    comes = (faults or FaultFlags()).comings(on)
    setting = Setting(
        on=on, engine=engine.engine(on, load.max_concurrency), load=load.load(), limits=limits,
        max_num_seqs=engine.max_num_seqs, comes=comes,
    )  # fmt: skip
    if find_capacity:
        low, high = rates[0] or 0.0, rates[1] or 0.0
        most = most_runs(setting, len(runs), sweep.band, low, high)
        with (
            sweep.means(most, len(requests), alone=comes is not always) as means,
            advancing("searching capacities", most) as told,
        ):
            highest = capacities(setting, runs, low, high, share=attain, band=sweep.band, means=means, told=told)
        if html is not None:
            write(html, capacity_page(setting, highest, attain))
        if json:
            print_json({"policies": {label: capacity_record(found) for label, found in highest.items()}})
        else:
            print_capacities(on, highest, slo or "", attain)
        return
    most = len(runs) * len(paces_of(setting, sweep.band))
    with sweep.means(most, len(requests), alone=comes is not always) as means, advancing("simulating", most) as told:
        found = side_by_side(setting, runs, band=sweep.band, means=means, told=told)
    if chrome_trace or save_requests:
        _export(outcome_of(setting, runs[0], TRACE_ROWS if chrome_trace else 0), chrome_trace, save_requests)
    if html is not None:
        write(html, serving_page(setting, found))
    if csv is not None:
        write(csv, serving_csv(found))
    if json:
        print_json({"policies": {each.label: serving_record(each) for each in found}})
    else:
        print_metrics(on, requests, found, limits)


def _export(outcome: Outcome, chrome_trace: Path | None, save_requests: Path | None) -> None:
    """What one simulation did, step by step and request by request."""
    if chrome_trace:
        write(chrome_trace, trace_events(outcome))
    if save_requests and save_requests.suffix == ".parquet":
        requests_parquet(outcome, save_requests)
    elif save_requests:
        write(save_requests, requests_csv(outcome))
