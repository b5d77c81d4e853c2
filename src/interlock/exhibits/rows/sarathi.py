"""SARATHI: decoding that rides along with a chunk of a prompt reads the weights for nothing."""

from interlock.exhibits.base import Reproduction, above, claim, reproduction, within
from interlock.exhibits.serving import clock, measured
from interlock.hardware import chip
from interlock.serving.simulation import Engine
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import requests

CLAIM = claim(
    "decoding up to 10 times and all 1.33 times as fast, LLaMA-13B on an A6000", "Agrawal et al. 2023, abstract"
)
MISSING = "logits of chunked and whole prompts side by side; bubbles of pipelines; an A6000 in the catalogue (A40 here)"
CHUNK, CONTEXT = 256, 1024


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
    return reproduction(
        above("a decode step alone over its share of a chunk of 256", 5.0, alone / riding, note="the paper: up to 10"),
        above("twice the tokens below the ridge cost less than twice", 1.0, 2 * flat / double),
        within("twice the tokens beyond it cost twice", 2.0,
               steps.step_s(0, 0, [(4 * int(ridge), 0)]) / steps.step_s(0, 0, [(2 * int(ridge), 0)]), 0.05),
        above("99th percentile of gaps, whole prompts over chunks", 1.33, whole.itl.p99 / chunked.itl.p99),
    )  # fmt: skip
