"""LLMCad: drafts of a model that stays in memory, while the large one is loaded from storage for every pass."""

import itertools

from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction
from interlock.exhibits.drafting import decode
from interlock.exhibits.engine import disturbed, sample
from interlock.inference.speculation import seconds_per_token

CLAIM = claim("up to 9.3 times as fast", "Xu et al. 2023, LLMCad, abstract")
MISSING = "token trees, and drafting on while the large model verifies"
COUNT, MOST = 80, 8


def run() -> Reproduction:
    """The gain against the time of loading, and how far to draft: real decoders, with and without a fallback."""
    large, prompts, *_ = sample()
    small = disturbed(large, 0.1)
    fixed = [decode(large, small, prompt, COUNT, most=MOST) for prompt in prompts]
    sure = [decode(large, small, prompt, COUNT, most=MOST, confidence=0.1) for prompt in prompts]
    texts = [large.generate(prompt, COUNT, cached=True)[0] for prompt in prompts]
    loads, draft_s = (0.05, 0.2, 1.0, 5.0, 25.0), 0.04
    gains = [load / seconds_per_token([0.9] * MOST, draft_s, load) for load in loads]
    wasted = [sum(one.drafted - one.kept for one in runs) / len(runs) / COUNT for runs in (fixed, sure)]
    return reproduction(
        holds("texts are the large model's", all([one.text for one in runs] == texts for runs in (fixed, sure))),
        holds("the gain rises with the time of loading", all(a < b for a, b in itertools.pairwise(gains))),
        below("and stays below the tokens of a pass", (1 - 0.9 ** (MOST + 1)) / 0.1, gains[-1]),
        above("at 5 s of loading", 5.0, gains[3], note="the paper: up to 9.3"),
        below(
            "drafts thrown away a token, falling back when unsure, at most those of a fixed length",
            wasted[0],
            wasted[1],
        ),
    )
