"""Sarathi-Serve: a token budget bounds every step, so that nobody's next token waits for a long prompt."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.serving import clock, measured, served
from interlock.serving.capacity import find_capacity
from interlock.serving.metrics import Metrics, measure
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate
from interlock.workloads.generator import generate, generator

CLAIM = claim("2.6 times vLLM's capacity for Mistral-7B on one A100", "Agrawal et al. 2024, abstract")
BUDGET, SEQUENCES = 512, 128


def run() -> Reproduction:
    """The 99th percentile of gaps under both, beside the bound of the budget; capacity under a limit of gaps."""
    engine = Engine(clock=clock("mistral-7b", "a100-80g", SEQUENCES), kv_tokens=400_000, longest=2**17)
    come = generate(generator("azure-conv"), 400, seed=0, rate=4.0)
    longest = int(come.prompt.max())
    most = float((come.prompt + come.output).mean()) * SEQUENCES
    bound = engine.clock.step_s(SEQUENCES, most, [(BUDGET - SEQUENCES, longest)])
    ours = f"sarathi-serve:token_budget={BUDGET}"
    outcome = served(ours, come, engine, max_num_seqs=SEQUENCES, trace_rows=100_000)
    stall_free = measure(outcome)
    read = np.diff(outcome.segments[:, 5], prepend=0.0)
    largest = float((outcome.segments[:, 4] + read)[read > 0].max())
    eager = measured("vllm", come, engine, max_num_seqs=SEQUENCES)
    limit = {"tpot": 5 * engine.clock.step_s(32, 32 * 4096, [])}  # the paper's strict limit: 5 times a decode step

    def capacity(name: str) -> float:
        def at(rate: float) -> Metrics:
            chosen = policy(name, max_num_seqs=SEQUENCES)
            return measure(simulate(come.at_rate(rate), engine, chosen, compiled=False), limits=limit)

        return find_capacity(at, 1.0, 40.0, share=0.99, tolerance=0.1).rate

    ratio = capacity(ours) / capacity("vllm")
    return reproduction(
        exactly("tokens of the largest step that reads prompts", BUDGET, largest),
        below("99 % of gaps within the longest step of the budget", 1e3 * bound, 1e3 * stall_free.itl.p99, "ms"),
        above("prompts first, on the same trace", 1e3 * bound, 1e3 * eager.itl.p99, "ms"),
        above("capacity where 99 % meet a limit of time per token, over prompts first", 1.0, ratio,
              note="the paper: 2.6 on other traces, its limit on the 99th percentile of gaps"),
    )  # fmt: skip
