"""Prompts and decoding on replicas of their own: worth it only where the link between them is fast enough."""

from dataclasses import replace

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.serving import clock, conversations
from interlock.inference.memory import cache_bytes
from interlock.models import Formats, model, scheme
from interlock.parallel import Parallelism
from interlock.serving.metrics import measure
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate

CLAIM = claim(
    "dedicates resources to prompts and to decoding, and ships the cache between them", "the survey, on scheduling"
)
MISSING = ""
RATE, MEANS, COUNT = 10.0, (512, 64), 400
LIMITS = {"ttft": 0.4, "tpot": 0.025}
TOGETHER = "sarathi-serve:token_budget=512"


def within_limits(engine: Engine, name: str) -> tuple[float, float]:
    """The share of requests within both limits, and the tokens that went over the link."""
    found = simulate(conversations(COUNT, RATE, means=MEANS), engine, policy(name), compiled=False)
    return measure(found, None, LIMITS).within_slo or 0.0, float(found.replicas["sent_tokens"].sum())


def run() -> Reproduction:
    """OPT 13B on two A100: chunked prompts beside decoding, or one for each; the link from 1 to 100 GB/s."""
    token = float(np.asarray(cache_bytes(model("opt-13b"), Formats.of(scheme("fp16")), Parallelism(), 1.0)))
    engine = Engine(clock=clock("opt-13b", "a100-80g"), kv_tokens=40_000, replicas=2, longest=2048, prefill_replicas=1)

    def apart(bandwidth: float) -> tuple[float, float]:
        return within_limits(replace(engine, transfer_s=token / bandwidth), "distserve")

    together, _ = within_limits(engine, TOGETHER)
    slow, fast, sent = apart(1e9)[0], *apart(1e11)
    low, high = 1e9, 1e11
    while high / low > 1.02:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if apart(middle)[0] >= together else (middle, high)
    load = conversations(COUNT, RATE, means=MEANS)
    longer = load.output > 1  # the others have their one token when their prompt has been read
    traffic = float(load.prompt[longer].sum()) * token / float(load.arrival_s[-1])
    return reproduction(
        below("within the limits at 1 GB/s, at most the share of those together", together, slow),
        above(
            "within the limits at 100 GB/s, at least that share",
            together,
            fast,
            note="limits at which it can win; chunks of 256 tokens together meet them more often at any bandwidth",
        ),
        above("break-even bandwidth, at least what the caches need on average", traffic / 1e9, high / 1e9, "GB/s"),
        below("and at most 100 GB/s", 100.0, high / 1e9, "GB/s"),
        exactly("tokens sent, those of all prompts that somebody decodes", float(load.prompt[longer].sum()), sent),
    )
