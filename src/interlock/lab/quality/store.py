"""Keeping evidence of quality: each record is on the disk before the next is measured."""

from __future__ import annotations

from pathlib import Path

from interlock.evidence.quality import QualityRecord, record_path, record_text
from interlock.lab.atomic import replacing_file


def keep(record: QualityRecord) -> Path:
    """Write a record under its key.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    path = record_path(record.subject.key)
    with replacing_file(path) as part:
        part.write_text(record_text(record), encoding="utf-8")
    return path
