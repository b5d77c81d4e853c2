"""Evidence on the disk: whole or not there, and nothing that is known is measured again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interlock.atomic import replacing_file, replacing_folder
from interlock.errors import InputError
from interlock.evidence.quality import QualityRecord, Subject, all_records, keep, known, record_path

SUBJECT = Subject(
    model="m", technique="gptq", parameters={"bits": 4}, test="t", questions="q", calibration="c", seed=0, code="v"
)


def record(subject: Subject = SUBJECT) -> QualityRecord:
    return QualityRecord(
        subject=subject, model="model", label="gptq bits=4", source="text", context=64, test_tokens=128,
        calibration_tokens=128, sums={"nats": [1.5, 2.25], "answers": []}, figures={"perplexity": (2.0, 1.5, 2.5)},
        stored={"linear": 100, "embedding": 5}, effects=(("WeightFormat", "int4"),), layers=3,
        seconds={"apply": 0.5}, tokens_per_s=10.0, notes=("a note",), release="0", made="2026-01-01",
    )  # fmt: skip


def test_a_record_comes_back_as_it_was():
    keep(record())
    assert known(SUBJECT) == record()
    assert list(all_records()) == [record()]


@pytest.mark.parametrize("change", [{"model": "n"}, {"seed": 1}, {"code": "w"}, {"test": "u"}, {"parameters": {}}])
def test_another_subject_is_not_known(change: dict):
    keep(record())
    other = {name: getattr(SUBJECT, name) for name in Subject.__slots__} | change
    assert known(Subject(**other)) is None


def test_a_file_that_cannot_be_read_counts_as_not_there():
    path = keep(record())
    path.write_text(path.read_text()[:50])
    assert known(SUBJECT) is None
    assert list(all_records()) == []


KEEP_FOREVER = """
import itertools
from dataclasses import replace
from tests_record import SUBJECT, record
from interlock.evidence.quality import keep
for n in itertools.count():
    keep(replace(record(replace(SUBJECT, seed=n)), notes=("x" * 200_000,)))
    print(n, flush=True)
"""


def test_a_kill_at_any_moment_leaves_whole_records(tmp_path: Path):
    (tmp_path / "tests_record.py").write_text(Path(__file__).read_text())
    path = {"PYTHONPATH": str(tmp_path)}
    run = subprocess.Popen(
        [sys.executable, "-c", KEEP_FOREVER], env={**os.environ, **path}, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    told = [run.stdout.readline() for _ in range(3)]
    time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    told += run.stdout.readlines()
    run.stdout.close()
    whole = {each.subject.seed for each in all_records()}
    assert {int(line) for line in told if line.strip()} <= whole
    assert len(list(record_path("x").parent.glob("*.json"))) == len(whole)


def fail_in_the_middle(target: Path) -> None:
    with replacing_file(target) as part:
        part.write_text("new")
        raise ValueError("stop")


def test_a_failure_while_writing_leaves_the_old_content(tmp_path: Path):
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(ValueError, match="stop"):
        fail_in_the_middle(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def fill_the_disk(target: Path) -> None:
    with replacing_folder(target) as part:
        (part / "whole").write_text("x")
        Path("/dev/full").write_text("x" * 10_000)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(InputError, match="No space left"):
        fill_the_disk(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(InputError, match="something there already"), replacing_folder(tmp_path / "out"):
        pass
