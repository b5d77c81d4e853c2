"""Greedy decoding with drafts of a second decoder: the same text with fewer passes of the first.

idea:    the draft goes on until it has `most` tokens or its own confidence, the product of the probabilities of what it
         drafted, falls below a limit (Xu et al., LLMCad, 2023, self-adaptive fallback); then one pass verifies all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.exhibits.engine import shorten, step
from interlock.exhibits.tiny_decoder import TinyDecoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A text, passes of both decoders, and drafts made and kept."""

    text: list[int]
    passes: int
    draft_passes: int
    drafted: int
    kept: int


def decode(
    target: TinyDecoder, draft: TinyDecoder, prompt: list[int], count: int, *, most: int, confidence: float = 0.0
) -> Drafted:
    """Tokens after a prompt; reading the prompt is not counted."""
    text, target_cache, draft_cache = list(prompt), target.empty_cache(), draft.empty_cache()
    step(target, [(prompt[:-1], target_cache)])
    passes = draft_passes = drafted = kept_all = 0
    while len(text) < len(prompt) + count:
        guesses: list[int] = []
        sure = 1.0
        while len(guesses) < most and sure >= confidence:
            fed = (text + guesses)[len(draft_cache[0][0]) :]
            logits = step(draft, [(fed, draft_cache)])[0]
            weights = np.exp(logits - logits.max())
            sure *= float(weights.max() / weights.sum())
            guesses.append(int(np.argmax(logits)))
            draft_passes += 1
        chosen = np.argmax(step(target, [([text[-1], *guesses], target_cache)], every=True), axis=1).tolist()
        kept = next((i for i, guess in enumerate(guesses) if guess != chosen[i]), len(guesses))
        text += [*guesses[:kept], chosen[kept]]
        for cache in (target_cache, draft_cache):
            shorten(cache, len(text) - 1)
        passes, drafted, kept_all = passes + 1, drafted + len(guesses), kept_all + kept
    return Drafted(
        text=text[len(prompt) : len(prompt) + count], passes=passes, draft_passes=draft_passes, drafted=drafted,
        kept=kept_all,
    )  # fmt: skip
