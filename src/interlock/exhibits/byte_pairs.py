"""Byte-pair encoding in plain Python: the tokens of a text by the vocabulary and merges of a tokenizer.json.

keeps: byte-level pieces as GPT-2 cuts them: contractions, words, numbers and signs with the space before them, blanks.
source: Sennrich et al. 2016; Radford et al. 2019, section 2.2; the tokenizer.json of Hugging Face tokenizers.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

_PIECES: Final = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BytePairs:
    """A vocabulary by spelling, and the rank of each pair that merges."""

    vocabulary: dict[str, int]
    ranks: dict[tuple[str, str], int]

    @staticmethod
    def read(path: Path) -> BytePairs:
        """The model of a tokenizer.json."""
        model = json.loads(path.read_text(encoding="utf-8"))["model"]
        pairs = [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in model["merges"]]
        return BytePairs(vocabulary=model["vocab"], ranks={pair: rank for rank, pair in enumerate(pairs)})

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        known: dict[str, list[int]] = {}
        found: list[int] = []
        for piece in _PIECES.findall(text):
            if piece not in known:
                known[piece] = [self.vocabulary[part] for part in self._merged(piece)]
            found += known[piece]
        return found

    def _merged(self, piece: str) -> list[str]:
        """A piece as spelt bytes, merged in the order of ranks."""
        parts = [_alphabet()[byte] for byte in piece.encode("utf-8")]
        while len(parts) > 1:
            ranks = [self.ranks.get(pair, len(self.ranks)) for pair in pairwise(parts)]
            place = ranks.index(min(ranks))
            if ranks[place] == len(self.ranks):
                break
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        return parts


@cache
def _alphabet() -> list[str]:
    """How each byte is spelt: printable ones as themselves, the rest as letters from 256 on."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]
