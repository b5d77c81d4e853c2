"""Text, cut into slices that never mix: what a model learns from, is calibrated on, is tuned on, and is judged by.

idea:  a document goes to a slice by a hash of its own words, so that a new file, another order or another machine moves
       nothing; two copies of one document land together. A single file has no documents: it is cut into consecutive
       stretches, one a slice.
keeps: no document, and no byte of a single file, is in two slices; checked after cutting, not only by construction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

from interlock.errors import InputError
from interlock.files import read_text

Shares = tuple[tuple[str, float], ...]
TRAINING: Final[Shares] = (("train", 0.90), ("calibration", 0.03), ("validation", 0.03), ("test", 0.04))
EVALUATION: Final[Shares] = (("calibration", 0.5), ("validation", 0.1), ("test", 0.4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text that belongs together."""

    name: str
    text: str

    @property
    def key(self) -> str:
        """A hash of its words; layout does not count."""
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Documents in slices, and where they come from."""

    source: str
    slices: dict[str, tuple[Document, ...]]

    def part(self, name: str) -> tuple[Document, ...]:
        """The documents of a slice.

        Raises:
            InputError: the text is too short to have one.
        """
        found = self.slices.get(name, ())
        if not found:
            raise InputError(self.source, f"no text left for {name}", "more documents, or a longer file")
        return found

    def fingerprint(self, name: str) -> str:
        """A hash of exactly the bytes of a slice, in order."""
        told = hashlib.sha256()
        for document in self.part(name):
            told.update(f"{len(document.text)}:".encode() + document.text.encode())
        return told.hexdigest()[:16]


def read_documents(folder: Path) -> list[Document]:
    """Every `.txt` below a folder, by path; empty files are left out.

    Raises:
        InputError: no text there, or a file that is not UTF-8.
    """
    paths = sorted(folder.rglob("*.txt"))
    found = [Document(name=path.relative_to(folder).as_posix(), text=read_text(path)) for path in paths]
    found = [document for document in found if document.text.strip()]
    if not found:
        raise InputError(str(folder), f"{len(paths)} text files with no words", "a folder with .txt files in it")
    return found


def cut_documents(documents: Sequence[Document], shares: Shares, source: str) -> Text:
    """Documents into slices, each by the hash of its words."""
    limits = list(accumulate(share for _, share in shares))
    slices: dict[str, list[Document]] = {name: [] for name, _ in shares}
    for document in documents:
        place = int(document.key[:13], 16) / 16**13  # 52 bits: exact in a float
        slot = next((index for index, limit in enumerate(limits) if place < limit), len(shares) - 1)
        slices[shares[slot][0]].append(document)
    return _checked(Text(source=source, slices={name: tuple(found) for name, found in slices.items()}))


def cut_file(text: str, shares: Shares, source: str) -> Text:
    """One text into consecutive stretches, cut after a line where one ends near, else after a blank."""
    ends = [0, *(_line_end(text, round(len(text) * limit)) for limit in accumulate(s for _, s in shares))]
    ends[-1] = len(text)
    slices: dict[str, tuple[Document, ...]] = {
        name: (Document(name=f"characters {start} to {end}", text=text[start:end]),) if text[start:end].strip() else ()
        for (name, _), (start, end) in zip(shares, pairwise(ends), strict=True)
    }
    return _checked(Text(source=source, slices=slices))


def _line_end(text: str, near: int) -> int:
    for mark in ("\n", " "):
        at = text.find(mark, near)
        if 0 <= at - near < 2000:
            return at + 1
    return near


def _checked(text: Text) -> Text:
    seen: dict[str, str] = {}
    for name, documents in text.slices.items():
        for document in documents:
            if seen.setdefault(document.key, name) != name:
                raise InputError(text.source, f"the same text in {seen[document.key]} and {name}", "slices apart")
    return text
