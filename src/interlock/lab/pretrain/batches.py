"""Which tokens a step sees, as a function of the seed and the step alone, so that a run resumes where it stopped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from interlock.errors import InputError
from interlock.lab.text import Document


def token_stream(documents: Sequence[Document], tokenizer: PreTrainedTokenizerFast) -> NDArray[np.int64]:
    """All documents as one row of tokens, each begun by the token that ends documents."""
    encoded = tokenizer.backend_tokenizer.encode_batch([document.text for document in documents])
    pieces = [np.asarray([tokenizer.eos_token_id, *found.ids], dtype=np.int64) for found in encoded]
    return np.concatenate(pieces)


def step_batch(stream: NDArray[np.int64], step: int, batch: int, context: int, seed: int) -> torch.Tensor:
    """The sequences of a step, (batch, context + 1): windows in an order and from an offset new in every epoch.

    Raises:
        InputError: fewer tokens than one batch.
    """
    windows = (len(stream) - context - 1) // context
    per_epoch = windows // batch
    if per_epoch < 1:
        raise InputError("training text", f"{len(stream)} tokens", f"at least {(batch + 2) * context}")
    epoch, place = divmod(step, per_epoch)
    chance = np.random.default_rng([seed, epoch])
    offset = int(chance.integers(context))
    order = chance.permutation(windows)[place * batch : (place + 1) * batch]
    starts = offset + order * context
    return torch.from_numpy(stream[starts[:, None] + np.arange(context + 1)[None, :]])
