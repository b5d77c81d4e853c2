"""The folder of measurement sets, where somebody has it; and tables of our own in other projects' shapes."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from interlock.evidence.measurement import Measurements
from interlock.evidence.store import read_sets

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "truth"
SETS = [
    "apex_plus_e2e", "blis_h100_vllm", "executorch", "gpustack_perflab", "llm_foundry", "llm_inference_bench",
    "megatron_seqpar", "qualcomm_ai_hub", "serving_published", "splitwise_sim", "tensorrt_llm", "vtrain",
]  # fmt: skip

Write = Callable[[str, Sequence[str], Sequence[Sequence[object]]], Path]


def folder_of(name: str) -> Path:
    """The folder of a set; skips the test where nobody has it."""
    folder = Path(os.environ.get("INTERLOCK_DATA", BESIDE))
    if not (folder / name).is_dir():
        pytest.skip(f"no measurements of {name}: set INTERLOCK_DATA to a folder that has them")
    return folder


@pytest.fixture(scope="session")
def measured() -> Callable[[str], list[Measurements]]:
    """Sets, each read once."""
    read: dict[str, list[Measurements]] = {}

    def of(name: str) -> list[Measurements]:
        if name not in read:
            read[name] = read_sets(folder_of(name), [name])
        return read[name]

    return of


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a table of our own: a file name, a header, rows; gives its folder."""

    def to(name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
        path = tmp_path / name
        with gzip.open(path, "wt", newline="") if name.endswith(".gz") else path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return tmp_path

    return to
