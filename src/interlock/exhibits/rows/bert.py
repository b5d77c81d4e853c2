"""BERT: base and large, which the survey conflates, and no decode phase."""

from interlock.exhibits.base import Reproduction, claim, holds, misprint, reproduction
from interlock.exhibits.model_size import count, parameters
from interlock.models import Formats, decode, lower, model, scheme
from interlock.operators.operator import total

CLAIM = claim("300 million (II-B) and 100 million (IV-E) parameters", "the survey, II-B and IV-E")


def run() -> Reproduction:
    """The two counts, neither of which the survey rounds well, and an encoder without KV traffic."""
    bert = model("bert-large")
    steps = lower(bert, decode(1.0, 512.0), Formats.of(scheme()))
    return reproduction(
        count("bert-base", 109_482_240),
        count("bert-large", 335_141_888),
        misprint("large, printed 300 million", 300e6, parameters("bert-large"), note="it has 335 million"),
        misprint("base, printed 100 million", 100e6, parameters("bert-base"), note="it has 109 million"),
        holds("an encoder has no decode phase", not bert.generates and not float(total(steps, "kv_bytes"))),
    )
