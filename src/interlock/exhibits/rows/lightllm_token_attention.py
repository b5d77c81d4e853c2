"""LightLLM: a cache given out token by token has no open blocks."""

from dataclasses import replace

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.serving import clock, conversations, measured, served
from interlock.serving.metrics import measure
from interlock.serving.simulation import Engine
from interlock.workloads.generator import generate, generator
from interlock.workloads.requests import Requests

CLAIM = claim("memory is used to the last token", "the survey, IV-A.2; LightLLM, Token Attention")
MISSING = "traces as they were recorded: traffic is drawn from generators that were fitted to them"


def _traffic() -> list[Requests]:
    """More than memory holds at once: lengths as in ShareGPT, and as in Azure's trace of conversations."""
    azure = generate(generator("azure-conv"), 300, rate=8.0)
    cut = replace(azure, prompt=np.minimum(azure.prompt, 1024), output=np.minimum(azure.output, 1000))
    return [conversations(400, rate=16.0), cut]


def run() -> Reproduction:
    """The same trace with blocks of one and of sixteen tokens, where memory is what limits."""
    come = conversations(400, rate=8.0)
    engine = Engine(clock=clock("llama-2-7b", "a100-40g"), kv_tokens=20_000, longest=2048)
    tokens, blocks = served("sarathi-serve+token-level", come, engine), measured("sarathi-serve+paged", come, engine)
    figures = measure(tokens)
    made = float(tokens.replicas["tokens"].sum())
    full = [served("vllm+future-peak", traffic, engine) for traffic in _traffic()]
    return reproduction(
        exactly(
            "preempted, let in by the peak to come, two kinds of traffic",
            0.0,
            float(sum(found.preempted.sum() for found in full)),
        ),
        below("most of the cache that they ever hold", 1.0, max(measure(found).kv_peak for found in full)),
        above("and it is filled", 0.9, min(measure(found).kv_peak for found in full)),
        above(
            "preempted on the same traffic with a watermark",
            1.0,
            float(sum(served("vllm+token-level", traffic, engine).preempted.sum() for traffic in _traffic())),
        ),
        exactly("tokens that are held and empty", 0.0, figures.kv_waste),
        above("with blocks of sixteen, share of what is held", 1e-4, blocks.kv_waste),
        below("most of the cache that is ever held", 1.0, figures.kv_peak),
        exactly("tokens made", float(come.output.sum()), made),
    )
