"""What techniques cost one model in quality, as measured with this package and shipped with it.

keeps: a table is of one model's weights, known by their hash, one text and one seed; every row says which code made it.
       `interlock lab compare --toml` writes such a table, so each can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from interlock.catalogue import DATA
from interlock.files import check, read_toml

Triple = tuple[float, float, float]
FOLDER: Final = DATA / "quality" / "shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """One technique, as asked for on the command line; "" is the original.

    Args:
        technique: name and parameters.
        perplexity: value and ends of its 95 % interval.
        bits: of a linear weight, all that is stored included.
        apply_cpu_s: CPU seconds of applying it.
        code: hash of the source that applied and measured.
        effects: kinds and names, as carried out.
        outliers: the factor of the stress test; 0 without.
        perplexity_loss: the relative rise; its interval is paired by window.
        divergence: KL from the original, nats a token.
        agreement: share of tokens with the same likeliest successor.
    """

    technique: str
    perplexity: Triple
    bits: float
    apply_cpu_s: float
    code: str
    effects: tuple[tuple[str, str], ...] = ()
    outliers: float = 0.0
    perplexity_loss: Triple = (0.0, 0.0, 0.0)
    divergence: Triple = (0.0, 0.0, 0.0)
    agreement: Triple = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPair:
    """A claim about two techniques; `gap` is by which part the worse one's perplexity is higher, paired by window."""

    name: str
    what: str
    source: str
    better: str
    worse: str
    gap: Triple
    outliers: float = 0.0

    @property
    def verdict(self) -> str:
        """What the interval allows to say."""
        _, low, high = self.gap
        return "holds" if low > 0 else "the other way round" if high < 0 else "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTable:
    """All that was measured of a model, and how."""

    model: str
    fingerprint: str
    text: str
    context: int
    test_tokens: int
    calibration_tokens: int
    seed: int
    release: str
    made: str
    notes: tuple[str, ...]
    rows: tuple[MeasuredRow, ...]
    pairs: tuple[MeasuredPair, ...]

    def row(self, technique: str, outliers: float = 0.0) -> MeasuredRow:
        """The row of a technique; KeyError of none."""
        found = {(each.technique, each.outliers): each for each in self.rows}
        return found[technique, outliers]

    def pair(self, name: str) -> MeasuredPair:
        """A comparison by name; KeyError of none."""
        return {each.name: each for each in self.pairs}[name]

    def only(self, names: Sequence[str]) -> MeasuredTable:
        """The table of some comparisons, with the rows that they and the originals take."""
        pairs = tuple(each for each in self.pairs if each.name in names)
        used = {(side, each.outliers) for each in pairs for side in ("", each.better, each.worse)}
        rows = tuple(each for each in self.rows if (each.technique, each.outliers) in used)
        return replace(self, rows=rows, pairs=pairs)

    @property
    def judged(self) -> str:
        """Text and amount."""
        return f"{self.text}; {self.test_tokens:,} tokens in windows of {self.context}"


_READER: TypeAdapter[MeasuredTable] = TypeAdapter(MeasuredTable)


@cache
def shipped_tables() -> Mapping[str, MeasuredTable]:
    """All tables by model."""
    paths = sorted(FOLDER.glob("*.toml"))
    return {path.stem: check(_READER, read_toml(path), str(path)) for path in paths}
