"""Offline and online: all requests known at once, or as they come; nothing is lost, and Little's law holds."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, claim, exactly, reproduction, within
from interlock.exhibits.serving import clock, conversations, served
from interlock.serving.metrics import measure
from interlock.serving.simulation import Engine

CLAIM = claim("offline, the whole job's time counts; online, each answer's", "the survey, IV-A; Little 1961")


def run() -> Reproduction:
    """Tokens in and out of both; sequences that decode, counted over time and by Little's law."""
    engine = Engine(clock=clock("llama-2-7b", "a100-80g"), kv_tokens=100_000, longest=2048)
    offline = served("sarathi-serve", conversations(600), engine)
    online = served("sarathi-serve", conversations(1500, rate=3.0), engine)
    figures, whole = measure(online), measure(offline)
    seconds = float(online.replicas["batch_s"].sum())
    decoding = online.finish_s - online.first_s
    steady = (online.arrival_s > 0.2 * online.arrival_s[-1]) & (online.arrival_s < 0.8 * online.arrival_s[-1])
    moments = np.linspace(online.arrival_s[300], online.arrival_s[1200], 4000)
    inside = [int(np.sum((online.arrival_s <= now) & (online.finish_s > now))) for now in moments]
    rate = 900 / (online.arrival_s[1200] - online.arrival_s[300])
    lived = (online.finish_s - online.arrival_s)[steady].mean()
    return reproduction(
        *(exactly(f"answers' tokens, {name}", float(each.requests.output.sum()), float(each.replicas["tokens"].sum()))
          for name, each in (("offline", offline), ("online", online))),
        *(exactly(f"prompts' tokens, {name}", float(each.requests.prompt.sum()),
                  float(each.replicas["prompt_tokens"].sum() - each.replicas["recomputed"].sum()))
          for name, each in (("offline", offline), ("online", online))),
        within("requests inside, Little's law", rate * lived, float(np.mean(inside)), 0.05),
        within("time in decoding, by step and by request", decoding.sum(), seconds, 0.05, "s"),
        above("throughput of offline over online", 1.0, whole.output_throughput / figures.output_throughput),
    )  # fmt: skip
