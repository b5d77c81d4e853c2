"""Requests from whatever a user names: a generator, a trace file, a workload's mean lengths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from interlock.catalogue import looks_like_path
from interlock.errors import InputError
from interlock.workloads.generator import arrival_times, generate, generator, generator_names
from interlock.workloads.requests import Requests, requests
from interlock.workloads.traces import read_trace
from interlock.workloads.workload import workload

DEFAULT_COUNT = 10_000


def traffic(
    trace: str | None = None,
    *,
    shape: str | None = None,
    prompt: int | None = None,
    output: int | None = None,
    count: int | None = None,
    rate: float | None = None,
    process: str | None = None,
    cv: float | None = None,
    seed: int = 0,
    clients: int = 1,
    samples: int = 1,
) -> Requests:
    """The requests of a simulation.

    Args:
        trace: a generator's name or a trace file.
        shape: a workload whose mean lengths every request has, where there is no trace.
        prompt: tokens in of every request, instead of the workload's.
        output: tokens out of every request.
        count: how many; all of a file, or 10,000.
        rate: requests a second; as the trace has them if None.
        process: "poisson", "gamma", "bursty" or "diurnal" instead of the trace's arrivals.
        cv: of gaps, for gamma arrivals.
        seed: of everything drawn.
        clients: how many share drawn requests.
        samples: answers to every prompt.

    Raises:
        InputError: no rate where none is known, or what the readers refuse.
    """
    found = _traffic(trace, shape, prompt, output, count, rate, process, cv, seed, clients)
    return found if samples == 1 else replace(found, samples=np.full(len(found), samples))


def _traffic(
    trace: str | None, shape: str | None, prompt: int | None, output: int | None, count: int | None,
    rate: float | None, process: str | None, cv: float | None, seed: int, clients: int,
) -> Requests:  # fmt: skip
    if rate is not None and not 0 < rate < 1e7:
        raise InputError("--rate", f"{rate:g}", "requests a second above 0")
    if count is not None and not 1 <= count <= 1e8:
        raise InputError("--requests", str(count), "1 to 1e8")
    if trace is None:
        return _even(shape, prompt, output, count or DEFAULT_COUNT, rate, process, cv, seed, clients)
    if not names_file(trace):
        kind = generator(trace, "--trace")
        return generate(kind, count or DEFAULT_COUNT, seed=seed, rate=rate, process=process, cv=cv, clients=clients)
    found = read_trace(trace)
    if count is not None and count < len(found):
        found = found.first(count)
    if process is not None or cv is not None or (rate is not None and not found.span_s > 0):
        pace = rate or found.rate
        if not pace > 0:
            raise InputError("--rate", "nothing", f"requests a second, since {trace} has no times")
        return replace(found, arrival_s=arrival_times(len(found), pace, seed, process=process, cv=cv))
    return found if rate is None else found.at_rate(rate)


def names_file(trace: str) -> bool:
    """Whether a trace is named by its file rather than by its kind."""
    return looks_like_path(trace) or trace.endswith((".csv", ".jsonl", ".gz"))


def _even(
    shape: str | None, prompt: int | None, output: int | None, count: int, rate: float | None, process: str | None,
    cv: float | None, seed: int, clients: int,
) -> Requests:  # fmt: skip
    """Requests of one length."""
    named = workload(shape, "--workload") if shape else None
    tokens_in = prompt or (round(named.prompt) if named else None)
    tokens_out = output or (round(named.output) if named else None)
    if tokens_in is None or tokens_out is None:
        known = ", ".join(generator_names())
        raise InputError("--trace", "nothing", f"{known}, a trace file, --workload, or --prompt with --output")
    if rate is None:
        raise InputError("--rate", "nothing", "requests a second, since lengths alone do not say when requests come")
    drawn = np.random.default_rng(seed + 3).integers(0, clients, count) if clients > 1 else None
    times = arrival_times(count, rate, seed, process=process, cv=cv)
    return requests(times, np.full(count, tokens_in), np.full(count, tokens_out), where="--rate", client=drawn)
