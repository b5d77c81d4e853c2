"""Training: learns, resumes bit for bit, and the shipped model is what its recipe says."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from interlock.errors import InputError
from interlock.lab.folders import SHIPPED
from interlock.lab.pretrain.batches import step_batch
from interlock.lab.pretrain.export import export
from interlock.lab.pretrain.recipe import Recipe
from interlock.lab.pretrain.run import pretrain
from interlock.lab.text import Document, Text

TINY = Recipe(
    name="tiny", vocabulary=300, hidden=32, layers=1, heads=2, kv_heads=1, intermediate=32, context=16, batch=4,
    steps=12, warmup_steps=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def text(sample: str) -> Text:
    parts = {"train": sample[:20000], "validation": sample[20000:24000]}
    return Text(source="s", slices={name: (Document(name=name, text=part),) for name, part in parts.items()})


class StoppedError(Exception):
    pass


def stopping_at(step: int) -> Any:
    def progress(done: int, total: int, loss: float, speed: float) -> None:
        if done == step:
            raise StoppedError

    return progress


def test_an_interrupted_run_ends_with_the_same_weights(text: Text, tmp_path: Path):
    whole = pretrain(TINY, text, tmp_path / "whole", save_every=3)
    for stop in (2, 5, 10):
        with pytest.raises(StoppedError):
            pretrain(TINY, text, tmp_path / "parts", save_every=3, progress=stopping_at(stop))
    parts = pretrain(TINY, text, tmp_path / "parts", save_every=3)
    assert parts.curve == whole.curve
    again = parts.model.state_dict()
    assert all(again[name].equal(weight) for name, weight in whole.model.state_dict().items())


def test_a_run_may_be_lengthened_before_its_rate_falls_and_not_after(text: Text, tmp_path: Path):
    longer = replace(TINY, steps=24)
    with pytest.raises(StoppedError):
        pretrain(TINY, text, tmp_path / "a", save_every=4, progress=stopping_at(9))  # level up to step 8
    resumed = pretrain(longer, text, tmp_path / "a", save_every=4)
    assert resumed.curve[-1] == pretrain(longer, text, tmp_path / "b", save_every=4).curve[-1]
    with pytest.raises(InputError, match="24 of 24 steps"):
        pretrain(TINY, text, tmp_path / "a", save_every=4)


def test_another_recipe_does_not_take_over_a_run(text: Text, tmp_path: Path):
    pretrain(replace(TINY, steps=1), text, tmp_path)
    with pytest.raises(InputError, match="another recipe or text"):
        pretrain(replace(TINY, seed=1), text, tmp_path)


def test_a_broken_checkpoint_is_refused(text: Text, tmp_path: Path):
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no checkpoint"):
        pretrain(TINY, text, tmp_path)


def test_training_learns_and_what_is_written_loads(text: Text, tmp_path: Path):
    done = pretrain(replace(TINY, steps=40), text, tmp_path / "work", save_every=20)
    assert done.curve[-1]["validation_loss"] < np.log(300) - 0.3
    export(done, text, tmp_path / "out")
    tokens = torch.arange(16)[None]
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert again(tokens).logits.equal(done.model(tokens).logits)
    assert (
        AutoTokenizer.from_pretrained(tmp_path / "out")("a word")["input_ids"] == done.tokenizer("a word")["input_ids"]
    )


def test_an_epoch_reads_every_window_once():
    stream = np.arange(16 * 50)
    rows = torch.cat([step_batch(stream, step, 4, 16, 0) for step in range(12)])
    assert len({int(row[0]) for row in rows}) == 48
    assert all(row.tolist() == list(range(int(row[0]), int(row[0]) + 17)) for row in rows)


def test_the_rate_rises_stays_and_falls():
    rates = [TINY.rate(step) for step in range(12)]
    assert rates[0] == TINY.learning_rate / 2
    assert rates[1:9] == [TINY.learning_rate] * 8
    assert sorted(rates[8:], reverse=True) == rates[8:]
    assert rates[-1] < 0.5 * TINY.learning_rate


def test_the_shipped_model_is_what_its_record_says():
    folder = SHIPPED / "interlock-2.8m"
    record = json.loads((folder / "training.json").read_text())
    assert record["recipe"] == asdict(Recipe())
    assert record["sha256"] == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    losses = [point["validation_loss"] for point in record["curve"]]
    assert losses[-1] == min(losses)
    assert record["curve"][-1]["step"] == Recipe().steps
