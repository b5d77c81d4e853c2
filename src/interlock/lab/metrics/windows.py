"""Token windows of a slice of text, with the bytes and the words that each window's tokens spell.

idea:  windows follow each other without overlap; when fewer are wanted than there are, they are spread evenly over the
       slice, so that the sequences that a bootstrap draws from are as different as the text allows.
keeps: bytes and words are those of the tokens that are predicted: all but the first of a window.
departs: of a slice with more than 4 million characters the first 4 million are used.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from interlock.errors import InputError
from interlock.lab.text import Document

_MOST: Final = 4_000_000
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """Sequences of one length.

    Args:
        tokens: int64 [windows, context].
        bytes: UTF-8 bytes of the predicted tokens, [windows].
        words: for each token the number of the word that it ends in, -1 outside words, [windows, context].
    """

    tokens: Tensor
    bytes: NDArray[np.int64]
    words: NDArray[np.int64]

    @property
    def context(self) -> int:
        """Tokens of a window."""
        return int(self.tokens.shape[1])

    @property
    def fingerprint(self) -> str:
        """A hash of the tokens."""
        told = hashlib.sha256(f"{tuple(self.tokens.shape)}".encode())
        told.update(self.tokens.numpy().tobytes())
        return told.hexdigest()[:16]


def joined(documents: Sequence[Document]) -> str:
    """The documents one after the other, up to the most that is used."""
    return "\n\n".join(document.text for document in documents)[:_MOST]


def cut_windows(
    documents: Sequence[Document], tokenizer: PreTrainedTokenizerFast, *, context: int, tokens: int, flag: str
) -> Windows:
    """At least `tokens` tokens in whole windows, spread evenly over the documents.

    Raises:
        InputError: the text does not have as many.
    """
    text = joined(documents)
    stream, spans = encode(text, tokenizer)
    wanted, present = -(-tokens // context), len(stream) // context
    if present < max(wanted, 2):
        found = f"{len(stream)} tokens of text in windows of {context}"
        raise InputError(flag, found, f"a longer text, or at most {max(0, present) * context} tokens")
    chosen = np.unique(np.linspace(0, present - 1, max(wanted, 2)).round().astype(np.int64))
    places = chosen[:, None] * context + np.arange(context)[None, :]
    ends = _byte_offsets(text)
    size = ends[spans[places[:, -1], 1]] - ends[spans[places[:, 1], 0]]
    return Windows(tokens=torch.from_numpy(stream[places]), bytes=size, words=_words(text)[spans[places, 1] - 1])


def draw_windows(
    documents: Sequence[Document], tokenizer: PreTrainedTokenizerFast, *, context: int, tokens: int, seed: int
) -> Tensor:
    """Windows to calibrate on, int64 [windows, context], from places drawn with the seed, without overlap.

    Raises:
        InputError: the text does not have as many.
    """
    stream, _ = encode(joined(documents), tokenizer)
    wanted, present = -(-tokens // context), len(stream) // context
    if wanted < 1 or present < wanted:
        found = f"{len(stream)} tokens of calibration text in windows of {context}, {tokens} wanted"
        raise InputError("--calibration-tokens", found, f"a longer text, or from 1 to {present * context} tokens")
    chosen = np.random.default_rng(seed).permutation(present)[:wanted]
    return torch.from_numpy(stream[chosen[:, None] * context + np.arange(context)[None, :]])


def encode(text: str, tokenizer: PreTrainedTokenizerFast) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tokens of a text and the characters that each spans, [tokens] and [tokens, 2]."""
    found: Any = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
    return np.asarray(found.ids, dtype=np.int64), np.asarray(found.offsets, dtype=np.int64).reshape(-1, 2)


def _byte_offsets(text: str) -> NDArray[np.int64]:
    """The bytes before each character, and in all."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    sizes = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)
    return np.concatenate([[0], np.cumsum(sizes)])


def _words(text: str) -> NDArray[np.int64]:
    """For each character the number of its word, -1 between words."""
    found = np.full(len(text), -1, dtype=np.int64)
    for number, match in enumerate(_WORD.finditer(text)):
        found[match.start() : match.end()] = number
    return found


def whole_words(words: NDArray[np.int64], first: int) -> list[tuple[int, int]]:
    """Begin and end of each word inside one window that starts at `first` or later and ends before the window does."""
    edges = [0, *(np.flatnonzero(np.diff(words)) + 1).tolist(), len(words)]
    runs = list(pairwise(edges))[:-1]
    return [(start, end) for start, end in runs if start >= first and words[start] >= 0]
