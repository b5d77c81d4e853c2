"""LightLLM: a cache given out token by token has no open blocks."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.serving import clock, conversations, measured, served
from interlock.serving.metrics import measure
from interlock.serving.simulation import Engine

CLAIM = claim("memory is used to the last token", "the survey, IV-A.2; LightLLM, Token Attention")
MISSING = "letting requests in by the peak that is to come; a watermark stands for it"


def run() -> Reproduction:
    """The same trace with blocks of one and of sixteen tokens, where memory is what limits."""
    come = conversations(400, rate=8.0)
    engine = Engine(clock=clock("llama-2-7b", "a100-40g"), kv_tokens=20_000, longest=2048)
    tokens, blocks = served("sarathi-serve+token-level", come, engine), measured("sarathi-serve+paged", come, engine)
    figures = measure(tokens)
    made = float(tokens.replicas["tokens"].sum())
    return reproduction(
        exactly("tokens that are held and empty", 0.0, figures.kv_waste),
        above("with blocks of sixteen, share of what is held", 1e-4, blocks.kv_waste),
        below("most of the cache that is ever held", 1.0, figures.kv_peak),
        exactly("tokens made", float(come.output.sum()), made),
    )
