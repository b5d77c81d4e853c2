"""One pass of a model over windows: likelihood, words foretold, and the distance from an original.

source: KL divergence and agreement of the most likely token as measures of a compressed model: Dutta et al. 2024,
        Accuracy is Not All You Need; cloze accuracy (every token of a word is the most likely one, given all text
        before it): Paperno et al. 2016, LAMBADA, section 4, here for every word of a window's second half
keeps:  logits exist for a few windows at a time; of the original, log-probabilities are kept for `paired` windows only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from interlock.errors import InputError
from interlock.lab.metrics.windows import Windows, whole_words

LOGIT_BYTES: Final = 2**28  # of one batch
PAIRED_BYTES: Final = 2**29  # of the original's log-probabilities

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """Sums over the predicted tokens of each window, [windows]; distances for the first windows only."""

    nats: Floats
    tokens: Floats
    bytes: Floats
    words: Floats
    words_foretold: Floats
    divergence: Floats  # KL(original, this), nats summed; empty for the original itself
    agreements: Floats
    seconds: float

    @property
    def tokens_per_s(self) -> float:
        """Tokens of prompt that the pass read in a second of wall time."""
        return float((self.tokens + 1).sum()) / self.seconds


@torch.no_grad()
def score(
    model: torch.nn.Module, windows: Windows, original: Tensor | None = None, progress: Progress | None = None
) -> Scores:
    """Score all windows.

    Args:
        model: returns an object with `logits`.
        windows: what to read.
        original: log-probabilities of the original for the first windows, [paired, context - 1, vocabulary].
        progress: called with windows done and in all.

    Raises:
        InputError: the model's output is not finite.
    """
    count, context = windows.tokens.shape
    nats, foretold, words = np.zeros(count), np.zeros(count), np.zeros(count)
    divergence: list[float] = []
    agreements: list[float] = []
    began = perf_counter()
    for start, logits in logit_batches(model, windows.tokens):
        targets = windows.tokens[start : start + len(logits), 1:]
        losses = cross_entropy(logits.transpose(1, 2), targets, reduction="none")
        if not torch.isfinite(losses).all():
            raise InputError("model", "outputs that are NaN or infinite", "a model whose outputs are numbers")
        best = logits.argmax(-1)
        for place, row in enumerate(range(start, start + len(logits))):
            nats[row] = float(losses[place].double().sum())
            hits = (best[place] == targets[place]).numpy()
            found = whole_words(windows.words[row], context // 2)
            words[row] = len(found)
            foretold[row] = sum(bool(hits[a - 1 : b - 1].all()) for a, b in found)
            if original is not None and row < len(original):
                now = torch.log_softmax(logits[place], -1)
                divergence.append(float((original[row].exp() * (original[row] - now)).sum(dtype=torch.float64)))
                agreements.append(float((best[place] == original[row].argmax(-1)).sum()))
        if progress is not None:
            progress(start + len(logits), count)
    return Scores(
        nats=nats,
        tokens=np.full(count, context - 1.0),
        bytes=windows.bytes.astype(float),
        words=words,
        words_foretold=foretold,
        divergence=np.asarray(divergence),
        agreements=np.asarray(agreements),
        seconds=perf_counter() - began,
    )


@torch.no_grad()
def log_probabilities(model: torch.nn.Module, windows: Windows, tokens: int) -> Tensor:
    """What an original says of the first windows, fp32 [paired, context - 1, vocabulary].

    As many windows as hold `tokens` tokens and fit the memory set aside; one at least.
    """
    kept: list[Tensor] = []
    wanted = max(1, min(len(windows.tokens), tokens // windows.context))
    for _, logits in logit_batches(model, windows.tokens[:wanted], most=1):
        kept.append(torch.log_softmax(logits[0], -1))
        if sum(item.numel() * 4 for item in kept) + kept[0].numel() * 4 > PAIRED_BYTES:
            break
    return torch.stack(kept)


def logit_batches(model: torch.nn.Module, tokens: Tensor, most: int = 16) -> Iterator[tuple[int, Tensor]]:
    """(first row, logits [rows, context - 1, vocabulary]) for few enough rows at a time to fit the memory set aside."""
    config: Any = model.config
    rows = min(most, max(1, LOGIT_BYTES // (4 * int(config.vocab_size) * int(tokens.shape[1]))))
    for start in range(0, len(tokens), rows):
        yield start, model(tokens[start : start + rows, :-1], use_cache=False).logits.float()
