"""Saving is all or nothing, and what is broken is refused in one line."""

import json

import pytest
import torch
from safetensors.torch import load_file

from interlock.errors import InputError
from interlock.surgery.applied import Ledger
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.loading import load
from interlock.surgery.nearest import grid_storage, store_linears
from interlock.surgery.saving import save


@pytest.fixture
def applied(build):
    model, ledger = build("qwen2", tied=True), Ledger()
    store_linears(model, ledger, grid_storage(IntegerGrid(bits=4, group_size=32)))
    return ledger.close(model, ())


@pytest.fixture
def saved(applied, tmp_path):
    save(applied, tmp_path / "out", "round-to-nearest", {"bits": 4})
    return tmp_path / "out"


def test_the_folder_holds_what_others_read_and_what_is_stored(saved, applied):
    assert sorted(path.name for path in saved.iterdir()) == [
        "config.json", "interlock.json", "model.safetensors", "packed",
    ]  # fmt: skip
    record = json.loads((saved / "interlock.json").read_text())
    assert record["stored_bytes"] == applied.stored
    assert record["technique"] == "round-to-nearest"
    assert "lm_head.weight" not in load_file(saved / "model.safetensors")  # tied


def test_biases_and_tied_heads_come_back_exactly(saved, applied, logits, unseen):
    assert torch.equal(logits(load(saved), unseen), logits(applied.model, unseen))


def test_nothing_is_left_beside_the_folder(saved, tmp_path):
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_with_something_in_it_is_left_alone(saved, applied):
    before = {path: path.stat().st_mtime_ns for path in saved.iterdir()}
    with pytest.raises(InputError, match="already there"):
        save(applied, saved, "round-to-nearest", {})
    assert {path: path.stat().st_mtime_ns for path in saved.iterdir()} == before


def test_an_empty_folder_is_taken(applied, tmp_path):
    (tmp_path / "out").mkdir()
    save(applied, tmp_path / "out", "round-to-nearest", {})
    assert (tmp_path / "out" / "config.json").exists()


def test_a_place_that_cannot_be_written_is_one_line(applied, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a place that can be written"):
        save(applied, tmp_path / "file" / "out", "round-to-nearest", {})


def test_a_record_that_cannot_be_written_leaves_nothing(applied, tmp_path):
    with pytest.raises(TypeError):
        save(applied, tmp_path / "out", "round-to-nearest", {"bits": object()})
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_refused(saved):
    whole = (saved / "packed" / "weights.safetensors").read_bytes()
    (saved / "packed" / "weights.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"out: found .*; accepted: a folder written by this package, complete"):
        load(saved)


def test_a_record_that_names_foreign_classes_is_refused(saved):
    record = json.loads((saved / "interlock.json").read_text())
    next(iter(record["changed"].values()))["kind"] = "Popen"
    (saved / "interlock.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="changed layer: found 'Popen'"):
        load(saved)


def test_a_folder_of_someone_else_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path)
