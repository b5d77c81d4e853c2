"""How many requests a CPU second simulates: full policies, and the simplest path.

    python benchmarks/serving_speed.py

Conversations as in Azure's trace of 2023 (generator `azure-conv`), on replicas whose cache is small enough to preempt.
CPU seconds of one process; compiling, which happens once and is kept, is said apart. Fails when full policies fall
below 50,000 requests a CPU second, the simplest path below 1,000,000, or a million requests take 30 s or a gigabyte.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

from interlock.hardware import chip
from interlock.models import model, scheme
from interlock.parallel import Parallelism
from interlock.serving.clock import affine_clock, price_clock
from interlock.serving.core import compiled
from interlock.serving.metrics import measure
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate
from interlock.workloads.generator import generate, generator

FULL = (
    ("paged, preempting", "vllm", 1, 20.0, 60_000),
    ("chunked prefill", "sarathi-serve", 1, 20.0, 400_000),
    ("chunked, 8 replicas, two choices", "sarathi-serve+power-of-two", 8, 160.0, 400_000),
    ("fair, 8 clients, 8 replicas", "sarathi-serve+vtc", 8, 160.0, 400_000),
    ("feedback queues, swapping", "sarathi-serve+fastserve", 1, 20.0, 60_000),
)


def timed(load, engine, rule):
    begin = time.process_time()
    outcome = simulate(load, engine, rule)
    metrics = measure(outcome, limits={"ttft": 1.0, "tpot": 0.05})
    return time.process_time() - begin, outcome, metrics


def main(count: int) -> int:
    if not compiled.available():
        print("Numba is not installed: the interpreter is measured")
    h100 = price_clock(model("llama-3.1-8b"), scheme(), Parallelism(), chip("h100-sxm"))
    began = time.process_time()
    simulate(generate(generator("azure-conv"), 300_000), Engine(clock=h100, kv_tokens=400_000), policy("vllm"))
    print(f"first run, compiling if nothing is kept: {time.process_time() - began:.1f} CPU s")
    failed = []
    for title, name, replicas, rate, tokens in FULL:
        load = generate(generator("azure-conv"), count, rate=rate, clients=8)
        engine = Engine(clock=h100, kv_tokens=tokens, replicas=replicas, longest=2**14, swap_s=2e-6)
        spent, outcome, m = timed(load, engine, policy(name))
        pace = count / spent
        million = m.output_tokens / spent / 1e6
        events = outcome.replicas["events"].sum() / count
        print(
            f"{title:34} {pace:12,.0f} requests/CPU s {million:8.1f} M tokens/CPU s "
            f"{m.preemptions:9,} preempted {events:6.2f} events a request"
        )
        failed += [title] * (pace < 50_000)
    load = generate(generator("mooncake"), min(count, 100_000), rate=8.0)
    engine = Engine(clock=h100, kv_tokens=2_000_000, replicas=8, longest=2**18)
    spent, _, m = timed(load, engine, policy("sarathi-serve:token_budget=2048+prefix-cache+prefix-aware"))
    pace = len(load) / spent
    print(
        f"{'prefix cache, 8 replicas, Mooncake':34} {pace:12,.0f} requests/CPU s, {100 * m.prefix_hit_rate:.0f} % hits"
    )
    failed += ["prefix cache"] * (pace < 50_000)
    load = generate(generator("azure-conv"), count, rate=4.0)
    plain = affine_clock(base_s=8e-3, token_s=2e-5, context_s=1e-8)
    spent, _, _ = timed(load, Engine(clock=plain, kv_tokens=10**7, longest=2**14), policy("orca+token-level"))
    print(f"{'first come, nobody preempted':34} {count / spent:12,.0f} requests/CPU s")
    failed += ["simplest"] * (count / spent < 1_000_000)
    load = generate(generator("azure-conv"), 1_000_000, rate=20.0)
    spent, _, _ = timed(load, Engine(clock=h100, kv_tokens=400_000, longest=2**14), policy("sarathi-serve"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"a million requests: {spent:.1f} CPU s, {peak:.2f} GB at most")
    failed += ["a million"] * (spent > 30 or peak > 1.0)
    for title in failed:
        print(f"FAIL: {title}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=300_000)
    sys.exit(main(parser.parse_args().requests))
