"""What papers say is better than what, measured on one model: both sides on the same windows, gaps with intervals.

idea:  the claims are data, `data/lab/comparisons.toml`; a technique that several of them name is measured once.
keeps: a gap is paired by window; a claim holds where its whole interval does. Every record is kept before the next is
       measured, so what was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from interlock.catalogue import DATA
from interlock.errors import InterlockError, UnknownNameError
from interlock.evidence.quality import QualityRecord
from interlock.files import check, read_toml
from interlock.lab.metrics.bootstrap import interval, perplexity_loss
from interlock.lab.quality.asked import asked_technique
from interlock.lab.quality.study import Study
from interlock.search.shipped_quality import MeasuredPair, MeasuredRow, MeasuredTable

FILE: Final = DATA / "lab" / "comparisons.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A claim: perplexity of `better` is under that of `worse`, both as asked for on the command line."""

    what: str
    source: str
    better: str
    worse: str
    outliers: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was measured: records by technique and outliers, the original's by outliers, pairs, and what was refused."""

    originals: dict[float, QualityRecord]
    records: dict[tuple[str, float], QualityRecord]
    pairs: tuple[MeasuredPair, ...]
    refused: tuple[tuple[str, str], ...]


_READER: TypeAdapter[dict[str, Comparison]] = TypeAdapter(dict[str, Comparison])


@cache
def all_comparisons() -> dict[str, Comparison]:
    """The shipped claims by name."""
    return check(_READER, read_toml(FILE), str(FILE))


def chosen_comparisons(names: Sequence[str]) -> dict[str, Comparison]:
    """The named claims; all if none is named.

    Raises:
        UnknownNameError: a name that is not one.
    """
    known = all_comparisons()
    for name in names:
        if name not in known:
            raise UnknownNameError("comparison", name, known, "--only")
    return {name: known[name] for name in names or known}


def compare(
    study: Study,
    comparisons: dict[str, Comparison],
    done: Callable[[int, int, str], None] | None = None,
) -> Compared:
    """Measure every technique that the claims name, then judge the claims."""
    wanted = list(dict.fromkeys((side, each.outliers) for each in comparisons.values() for side in _sides(each)))
    originals: dict[float, QualityRecord] = {}
    records: dict[tuple[str, float], QualityRecord] = {}
    refused: list[tuple[str, str]] = []
    studies = {0.0: study}
    for place, (technique, outliers) in enumerate(sorted(wanted, key=lambda pair: pair[1])):
        if done is not None:
            done(place, len(wanted), technique)
        if outliers not in studies:
            studies = {outliers: Study(study.folder, replace(study.settings, outliers=outliers), study.progress)}
        here = studies[outliers]
        originals[outliers] = here.original
        try:
            records[technique, outliers] = here.measure(asked_technique(technique))
        except InterlockError as error:
            refused.append((technique, str(error)))
    seed = study.settings.seed
    pairs = [judged_pair(name, each, records, seed) for name, each in comparisons.items() if _there(each, records)]
    return Compared(originals=originals, records=records, pairs=tuple(pairs), refused=tuple(refused))


def _sides(comparison: Comparison) -> tuple[str, str]:
    return comparison.better, comparison.worse


def _there(comparison: Comparison, records: dict[tuple[str, float], QualityRecord]) -> bool:
    return all((side, comparison.outliers) in records for side in _sides(comparison))


def judged_pair(
    name: str, comparison: Comparison, records: dict[tuple[str, float], QualityRecord], seed: int
) -> MeasuredPair:
    """The gap between two records of the same windows."""
    better, worse = (records[side, comparison.outliers].sums for side in _sides(comparison))
    gap = interval(perplexity_loss, (worse["nats"], better["nats"], better["tokens"]), seed)
    return MeasuredPair(
        name=name,
        what=comparison.what,
        source=comparison.source,
        better=comparison.better,
        worse=comparison.worse,
        outliers=comparison.outliers,
        gap=(gap.value, gap.low, gap.high),
    )


def measured_table(study: Study, compared: Compared) -> MeasuredTable:
    """All of it as the table that ships."""
    original = compared.originals[min(compared.originals)]
    rows = [_row("", outliers, each, each) for outliers, each in compared.originals.items()]
    rows += [
        _row(technique, outliers, record, compared.originals[outliers])
        for (technique, outliers), record in compared.records.items()
    ]
    return MeasuredTable(
        model=original.model,
        fingerprint=study.folder.fingerprint(),
        text=original.source,
        context=original.context,
        test_tokens=original.test_tokens,
        calibration_tokens=study.calibration.count,
        seed=study.settings.seed,
        release=original.release,
        made=max(each.made for each in _all(compared)),
        notes=tuple(original.notes),
        rows=tuple(rows),
        pairs=compared.pairs,
    )


def _all(compared: Compared) -> Iterable[QualityRecord]:
    return [*compared.originals.values(), *compared.records.values()]


def _row(technique: str, outliers: float, record: QualityRecord, original: QualityRecord) -> MeasuredRow:
    names = ("perplexity_loss", "divergence", "agreement")
    apart = {name: record.figures[name] for name in names if name in record.figures}
    return MeasuredRow(
        technique=technique,
        outliers=outliers,
        perplexity=record.figures["perplexity"],
        bits=record.weight_bits(original),
        apply_cpu_s=record.seconds.get("apply", 0.0),
        code=record.subject.code,
        effects=record.effects,
        **apart,
    )
