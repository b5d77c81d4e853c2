"""Encoder-only, decoder-only and encoder-decoder models: different operators, and a decode phase or none."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction, within
from interlock.models import Formats, Step, decode, lower, model, prefill, scheme
from interlock.operators.operator import total

CLAIM = claim("three classes by which halves of the Transformer they keep", "the survey, II-B")
MODELS = {"encoder-only": "bert-base", "decoder-only": "gpt2", "encoder-decoder": "t5-base"}


def run() -> Reproduction:
    """The operator graphs of one model of each class, in prefill and in decoding."""
    formats = Formats.of(scheme())
    first = Step(prefill_sequences=1.0, prefill_tokens=128.0, encoder_tokens=128.0)
    graphs = {kind: frozenset(o.name for o in lower(model(name), first, formats)) for kind, name in MODELS.items()}
    steps = {kind: lower(model(name), decode(1.0, 128.0), formats) for kind, name in MODELS.items()}
    traffic = {kind: float(total(operators, "kv_bytes")) for kind, operators in steps.items()}
    causal = float(total(lower(model("gpt2"), prefill(1.0, 1024.0), formats), "flop"))
    return reproduction(
        exactly("different graphs", 3, len(set(graphs.values()))),
        exactly("classes with a decode phase", 2, sum(model(name).generates for name in MODELS.values())),
        exactly("classes with KV traffic in decoding", 2, sum(value > 0 for value in traffic.values())),
        holds("the encoder-only model is not among them", traffic["encoder-only"] == 0),
        within(
            "a causal mask halves attention: prefill of GPT-2, 1024 tokens",
            2 * 85e6 * 1024 + 12 * 2 * 1024**2 * 768,
            causal,
            0.05,
            "FLOP",
        ),
    )
