"""SARATHI: decoding that rides along with a chunk of a prompt reads the weights for nothing."""

from dataclasses import replace

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.exhibits.engine import sample, step
from interlock.exhibits.serving import clock, measured, served
from interlock.hardware import chip
from interlock.serving.simulation import Engine, Outcome
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import requests

CLAIM = claim(
    "decoding up to 10 times and all 1.33 times as fast, LLaMA-13B on an A6000", "Agrawal et al. 2023, abstract"
)
CHUNK, CONTEXT, STAGES = 256, 1024, 4


def logits_apart() -> float:
    """Largest difference of the logits after a prompt read in chunks from those after the whole prompt."""
    decoder, prompts, _, _ = sample()
    worst = 0.0
    for prompt in prompts:
        cache = decoder.empty_cache()
        for begin in range(0, len(prompt), 5):
            chunked = step(decoder, [(prompt[begin : begin + 5], cache)])[0]
        worst = max(worst, float(np.abs(chunked - decoder.forward(prompt)).max()))
    return worst


def bubbles(found: Outcome) -> float:
    """Share of time that a stage waits, where each replica's steps are micro-batches of one pipeline in turn.

    A micro-batch needs its own last step done (its tokens come from it) and the stage free.
    """
    lanes: list[list[float]] = [[] for _ in range(STAGES)]
    for replica, _, seconds, steps, *_ in found.segments.tolist():
        lanes[int(replica)] += [seconds / steps] * int(steps)
    free, done, busy, now = [0.0] * STAGES, [0.0] * STAGES, 0.0, 0.0
    for turn in range(min(map(len, lanes))):
        for lane, own in enumerate(lanes):
            now = done[lane]
            for stage in range(STAGES):
                now = free[stage] = max(now, free[stage]) + own[turn] / STAGES
            done[lane] = now
            busy += own[turn] / STAGES
    return 1.0 - busy / now


def run() -> Reproduction:
    """What a token costs alone and riding along; the step at the ridge; a trace end to end."""
    steps = clock("llama-13b", "a40", 32)
    alone = steps.step_s(4, 4 * CONTEXT, [])
    riding = steps.step_s(4, 4 * CONTEXT, [(CHUNK - 4, 0)]) - steps.step_s(0, 0, [(CHUNK - 4, 0)])
    device = chip("a40")
    ridge = (device.peak("fp16") or 0.0) / (device.memories["main"].bandwidth or 1.0)
    flat, double = steps.step_s(0, 0, [(int(ridge / 2), 0)]), steps.step_s(0, 0, [(int(ridge), 0)])
    come = requests(poisson(200, 0.9, 0), [980] * 200, [20] * 200)
    engine = Engine(clock=steps, kv_tokens=24_000)
    chunked = measured(f"sarathi:token_budget={CHUNK}", come, engine, max_num_seqs=18)
    whole = measured("vllm", come, engine, max_num_seqs=18)
    lanes = replace(engine, replicas=STAGES)
    waits = [
        bubbles(served(f"{rule}+round-robin", come, lanes, max_num_seqs=18, trace_rows=100_000))
        for rule in (f"sarathi:token_budget={CHUNK}", "vllm")
    ]
    return reproduction(
        above("a decode step alone over its share of a chunk of 256", 5.0, alone / riding, note="the paper: up to 10"),
        above("twice the tokens below the ridge cost less than twice", 1.0, 2 * flat / double),
        within("twice the tokens beyond it cost twice", 2.0,
               steps.step_s(0, 0, [(4 * int(ridge), 0)]) / steps.step_s(0, 0, [(2 * int(ridge), 0)]), 0.05),
        below("largest difference of logits, chunks from whole prompts", 1e-4, logits_apart()),
        below("bubbles of a pipeline of 4 stages in chunks, at most those of whole prompts", waits[1], waits[0]),
        above("99th percentile of gaps, whole prompts over chunks", 1.33, whole.itl.p99 / chunked.itl.p99),
    )  # fmt: skip
