"""What techniques cost in answer quality, as measured on this machine: records, found by what they are of.

idea:  a record is known by a key: a hash of the model's bytes, the technique and its parameters, the tokens it was
       judged by and calibrated on, and the code that did it. Whoever asks the same again gets the record; any change
       makes another key. A sweep that was killed goes on with what is missing.
keeps: a file is written whole or not at all; one that cannot be read counts as not there. A loss is said of the model
       that it was measured on, never of another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from interlock.evidence.finished import key_of, path_of, read, write

ORIGINAL = ""  # the technique of a record of the model as it is

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a record is of; two equal subjects have the same quality."""

    model: str  # hash of its bytes
    technique: str
    parameters: Mapping[str, bool | int | float | str]
    test: str  # hash of the tokens that judge
    questions: str
    calibration: str  # hash of the tokens that calibrate; "" where none are needed
    seed: int
    code: str  # hash of the source that applies and measures

    @property
    def key(self) -> str:
        """The name of the record."""
        return key_of(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRecord:
    """One measurement of quality.

    Args:
        subject: what it is of.
        model: the model's name, for people.
        label: technique and what distinguishes its parameters, for people.
        source: where the text comes from, for people.
        context: tokens of a window.
        test_tokens: tokens read.
        calibration_tokens: tokens calibrated on; 0 of the original.
        sums: values of each window or question, by name, as the intervals need them.
        figures: value and ends of its 95 % interval, by name.
        stored: bytes of weights by tensor class.
        effects: kinds and names, as carried out.
        layers: linear layers that were changed.
        seconds: CPU seconds of applying and of measuring.
        tokens_per_s: prompt tokens read in a second here, emulated where formats are.
        notes: what a reader should know.
        release: of interlock.
        made: day of the measurement.
    """

    subject: Subject
    model: str
    label: str
    source: str
    context: int
    test_tokens: int
    calibration_tokens: int
    sums: Mapping[str, list[float]]
    figures: Mapping[str, Triple]
    stored: Mapping[str, int]
    effects: tuple[tuple[str, str], ...]
    layers: int
    seconds: Mapping[str, float]
    tokens_per_s: float
    notes: tuple[str, ...]
    release: str
    made: str

    @property
    def is_original(self) -> bool:
        """Whether the model is measured as it is."""
        return self.subject.technique == ORIGINAL

    def weight_bits(self, original: QualityRecord) -> float:
        """Bits that a linear weight takes, scales and whatever else a technique stores included."""
        own = sum(size for name, size in self.stored.items() if name not in _NOT_LINEAR)
        return 16.0 * own / original.stored["linear"]


_NOT_LINEAR = frozenset({"embedding", "head", "other"})
_READER: TypeAdapter[QualityRecord] = TypeAdapter(QualityRecord)


def quality_folder() -> Path:
    """Where records lie: INTERLOCK_QUALITY, or `interlock/quality` in the user's data folder."""
    named = os.environ.get("INTERLOCK_QUALITY")
    if named:
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "interlock" / "quality"


def record_path(key: str) -> Path:
    """The file of a record."""
    return path_of(quality_folder(), key)


def read_record(path: Path) -> QualityRecord | None:
    """The record in a file; None where there is none that can be read."""
    return read(path, _READER)


def known(subject: Subject) -> QualityRecord | None:
    """The record of a subject, if it was measured."""
    found = read_record(record_path(subject.key))
    return found if found is not None and found.subject == subject else None


def all_records() -> Iterator[QualityRecord]:
    """Every record that can be read, by key."""
    folder = quality_folder()
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        found = read_record(path)
        if found is not None:
            yield found


def keep(record: QualityRecord) -> Path:
    """Write a record under its key.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    return write(quality_folder(), record.subject.key, asdict(record))
