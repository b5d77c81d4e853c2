"""Split and fuse: forward passes of one size, and what the size trades."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, claim, holds, reproduction
from interlock.exhibits.serving import clock, conversations, measured, served
from interlock.serving.simulation import Engine

CLAIM = claim(
    "long prompts split and short ones fused keep a step at one size", "the survey, IV-A.2; Holmes et al. 2024"
)
BUDGET = 512
SIZES = (128, 256, 512, 1024, 2048)


def run() -> Reproduction:
    """Tokens of each step while prompts wait; first tokens and gaps against the size of a step."""
    engine = Engine(clock=clock("llama-2-13b", "a100-80g", 64), kv_tokens=60_000, longest=4096)
    come = conversations(300, longest=4096, means=(1500.0, 120.0))
    outcome = served(f"fastgen:token_budget={BUDGET}", come, engine, max_num_seqs=64, trace_rows=100_000)
    decodes, prompts = outcome.segments[:, 4], np.diff(outcome.segments[:, 5], prepend=0.0)
    sizes = (decodes + prompts)[prompts > 0]
    online = conversations(200, rate=2.0, longest=4096, means=(1500.0, 120.0), seed=1)
    ran = [measured(f"fastgen:token_budget={size}", online, engine, max_num_seqs=64) for size in SIZES]
    gaps, firsts = [m.itl.p99 for m in ran], [m.ttft.p50 for m in ran]
    return reproduction(
        holds("no step is larger than the set size", bool(np.all(sizes <= BUDGET))),
        above("steps that read prompts and are within a tenth of it", 0.9, float(np.mean(sizes >= 0.9 * BUDGET)),
              note="the rest end a batch that memory or slots have filled"),
        holds("larger steps, longer gaps (99th percentile)", gaps == sorted(gaps)),
        holds("larger steps, sooner first tokens (median)", firsts == sorted(firsts, reverse=True)),
    )  # fmt: skip
