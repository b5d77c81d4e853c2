"""LLM OS, operation speed: how many ticks of an operating system pass while a model says one token."""

from interlock import api
from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction

CLAIM = claim(
    "an LLM gives tens of tokens a second, an OS has about 1000 ticks", "the mobile slides, issues for LLM OS"
)
TICK_S = 1e-3

# Decisions of an operating system and how soon each must be made, seconds; assumed, to an order of magnitude.
DECISIONS = {
    "page fault": 1e-5,
    "thread switch": 1e-3,
    "frame to draw": 1.6e-2,
    "answer to a touch": 0.1,
    "which app to keep in memory": 1.0,
    "order of a user's tasks": 5.0,
    "what to prefetch tonight": 3600.0,
}


def run() -> Reproduction:
    """Ticks lost for a token at 10 to 100 tokens a second, and which decisions a phone's model can take in time."""
    e = api.estimate("llama-3.2-3b", "dimensity-9300", weight_format="int4-g128", prompt=64, output=8)
    yes_or_no = e.ttft_s + e.tpot_s  # a question of 64 tokens, answered by one
    able = [name for name, limit in DECISIONS.items() if yes_or_no <= limit]
    return reproduction(
        exactly("ticks of a token at 100 a second", 10, round(0.01 / TICK_S)),
        exactly("ticks of a token at 10 a second", 100, round(0.1 / TICK_S)),
        holds("a 3B model on a phone lies between", 10 <= e.tpot_s / TICK_S <= 100, f"{e.tpot_s / TICK_S:.0f} ticks"),
        exactly("decisions that it can take in time", 3, len(able), "of 7", ", ".join(able)),
        holds("none faster than a touch", not {"page fault", "thread switch", "frame to draw"} & set(able)),
    )
