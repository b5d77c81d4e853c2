"""Sequences that share cache blocks: reference counts, and a copy when a shared block is written.

source: Kwon et al., "Efficient Memory Management for LLM Serving with PagedAttention", SOSP 2023, section 4.4.
idea:   a table maps the blocks of a sequence to blocks of memory. A fork copies the table and counts everything once
        more. Writing into a last block that others hold copies that block first; who lets go of the last reference
        gives the block back.
keeps:  a block is held if and only if a table names it; equal beginnings of forks are held once, to a whole block.
"""

from __future__ import annotations

from collections import Counter

import numpy as np


class BlockTables:
    """Tables of sequences over blocks of `size` tokens."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.references: Counter[int] = Counter()
        self.tables: dict[int, list[int]] = {}
        self.lengths: dict[int, int] = {}
        self.copies = 0
        self._fresh = 0

    @property
    def held(self) -> int:
        """Blocks in use."""
        return len(self.references)

    @property
    def unshared(self) -> int:
        """Blocks that would be in use if nobody shared."""
        return sum(map(len, self.tables.values()))

    def start(self, name: int, tokens: int) -> None:
        """A sequence with its prompt."""
        self.tables[name], self.lengths[name] = [], 0
        for _ in range(tokens):
            self.write(name)

    def write(self, name: int) -> None:
        """One more token of a sequence."""
        table = self.tables[name]
        if self.lengths[name] % self.size == 0:
            table.append(self._take())
        elif self.references[table[-1]] > 1:
            self._let_go(table[-1])
            table[-1] = self._take()
            self.copies += 1
        self.lengths[name] += 1

    def fork(self, name: int, child: int) -> None:
        """A second sequence that has all the first has."""
        self.tables[child], self.lengths[child] = list(self.tables[name]), self.lengths[name]
        self.references.update(self.tables[child])

    def drop(self, name: int) -> None:
        """A sequence ends."""
        for block in self.tables.pop(name):
            self._let_go(block)
        del self.lengths[name]

    def _take(self) -> int:
        self._fresh += 1
        self.references[self._fresh] = 1
        return self._fresh

    def _let_go(self, block: int) -> None:
        self.references[block] -= 1
        if self.references[block] == 0:
            del self.references[block]


def sampling_blocks(prompt: int, output: int, width: int, size: int = 16) -> tuple[int, int, int]:
    """Block-steps held and unshared over the life of `width` sampled answers to one prompt, and blocks copied."""
    tables = BlockTables(size)
    tables.start(0, prompt)
    for child in range(1, width):
        tables.fork(0, child)
    held = unshared = 0
    for _ in range(output):
        for name in range(width):
            tables.write(name)
        held, unshared = held + tables.held, unshared + tables.unshared
    return held, unshared, tables.copies


def beam_blocks(prompt: int, output: int, width: int, size: int = 16, *, seed: int = 0) -> tuple[int, int, int]:
    """The same for beam search, whose beams leave and fork as their scores say.

    Scores are drawn, not a model's: each continuation of a beam is less likely than the one before by an exponential
    gap, fresh for every beam and step. The gaps' mean does not matter, since only the order of scores does.
    """
    rng = np.random.default_rng(seed)
    tables = BlockTables(size)
    tables.start(0, prompt)
    scores, names, fresh = np.zeros(1), [0], 1
    held = unshared = 0
    for _ in range(output):
        surprisal = np.cumsum(rng.exponential(1.0, (len(names), width)), axis=1)
        total = scores[:, None] + surprisal
        best = np.argsort(total, axis=None, kind="stable")[:width]
        parents = best // width
        scores = total.ravel()[best]
        children = []
        for parent in parents.tolist():
            tables.fork(names[parent], fresh)
            children.append(fresh)
            fresh += 1
        for name in names:
            tables.drop(name)
        names = children
        for name in names:
            tables.write(name)
        held, unshared = held + tables.held, unshared + tables.unshared
    return held, unshared, tables.copies
