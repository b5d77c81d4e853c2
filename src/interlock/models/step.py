"""One step of an engine: which tokens go through the model at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from interlock.operators import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """New prompt tokens, sequences that decode one token each, or both (a mixed, chunked step).

    Fields are numbers or NumPy arrays that broadcast. `prefill_context` and `decode_context` count tokens already in
    the cache. `images` go through the vision encoder for each prefilled sequence; their tokens are part of
    `prefill_tokens`. `encoder_tokens` is the length of the encoder's input for encoder-decoder models.
    """

    prefill_sequences: Array = 0.0
    prefill_tokens: Array = 0.0
    prefill_context: Array = 0.0
    decode_sequences: Array = 0.0
    decode_context: Array = 0.0
    images: Array = 0.0
    encoder_tokens: Array = 0.0
    logits: Literal["last", "all"] = "last"

    @property
    def tokens(self) -> Array:
        """Tokens that pass through the layers."""
        return self.prefill_sequences * self.prefill_tokens + self.decode_sequences

    @property
    def logit_rows(self) -> Array:
        """Tokens whose next-token distribution is computed."""
        return self.tokens if self.logits == "all" else self.prefill_sequences + self.decode_sequences

    @property
    def has_prefill(self) -> bool:
        """Whether any candidate has prompt tokens."""
        return bool(np.any(np.asarray(self.prefill_sequences) * self.prefill_tokens > 0))

    @property
    def has_decode(self) -> bool:
        """Whether any candidate decodes."""
        return bool(np.any(np.asarray(self.decode_sequences) > 0))


def prefill(sequences: Array, tokens: Array, context: Array = 0.0, *, images: Array = 0.0) -> Step:
    """A step that reads prompts: `tokens` new tokens for each of `sequences`."""
    return Step(prefill_sequences=sequences, prefill_tokens=tokens, prefill_context=context, images=images)


def decode(sequences: Array, context: Array) -> Step:
    """A step that adds one token to each of `sequences`, whose caches hold `context` tokens."""
    return Step(decode_sequences=sequences, decode_context=context)
