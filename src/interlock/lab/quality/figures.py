"""From sums over windows to figures with intervals: of a model alone, and of its distance from the original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from interlock.evidence.quality import Triple
from interlock.lab.metrics.bootstrap import (
    Interval,
    bits_per_byte,
    interval,
    perplexity,
    perplexity_loss,
    share,
    share_change,
)
from interlock.lab.metrics.harness import PREFIX

Sums = Mapping[str, Sequence[float]]


def own_figures(sums: Sums, seed: int) -> dict[str, Triple]:
    """Perplexity, bits per byte, and the shares of words and answers that are right."""
    found = {
        "perplexity": interval(perplexity, (sums["nats"], sums["tokens"]), seed),
        "bits_per_byte": interval(bits_per_byte, (sums["nats"], sums["bytes"]), seed),
        "cloze_accuracy": interval(share, (sums["words_foretold"], sums["words"]), seed),
    }
    if len(sums["answers"]):
        found["choice_accuracy"] = interval(share, (sums["answers"], np.ones(len(sums["answers"]))), seed)
    found |= {name: interval(share, (sums[name], np.ones(len(sums[name]))), seed) for name in tasks_of(sums)}
    return _triples(found)


def tasks_of(sums: Sums) -> list[str]:
    """Names of the harness's tasks among the sums."""
    return [name for name in sums if name.startswith(PREFIX)]


def distances(sums: Sums, original: Sums, seed: int) -> dict[str, Triple]:
    """How far a changed model is from the original, over the same windows and questions."""
    paired = len(sums["divergence"])
    tokens = np.asarray(sums["tokens"][:paired])
    found = {
        "perplexity_loss": interval(perplexity_loss, (sums["nats"], original["nats"], sums["tokens"]), seed),
        "divergence": interval(share, (sums["divergence"], tokens), seed),
        "agreement": interval(share, (sums["agreements"], tokens), seed),
        "cloze_change": interval(
            share_change, (sums["words_foretold"], original["words_foretold"], sums["words"]), seed
        ),
    }
    if len(sums["answers"]):
        ones = np.ones(len(sums["answers"]))
        found["choice_change"] = interval(share_change, (sums["answers"], original["answers"], ones), seed)
    for name in tasks_of(sums):
        columns = (sums[name], original[name], np.ones(len(sums[name])))
        found[f"{name}, change"] = interval(share_change, columns, seed)
    return _triples(found)


def _triples(found: Mapping[str, Interval]) -> dict[str, Triple]:
    return {name: (each.value, each.low, each.high) for name, each in found.items()}
