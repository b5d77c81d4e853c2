"""From a technique to figures beside the original: measured once, kept, in the direction of damage."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from interlock.errors import InputError
from interlock.evidence.quality import QualityRecord, all_records, keep
from interlock.evidence.quality_rows import quality_row
from interlock.lab.models.folder import ModelFolder
from interlock.lab.quality.asked import asked_technique, asked_techniques, technique_label
from interlock.lab.quality.code_version import _reached, code_version
from interlock.lab.quality.predicted import predicted_decode
from interlock.lab.quality.save import save_applied
from interlock.lab.quality.study import Settings, Study
from interlock.lab.quality.sweep import sweep
from interlock.surgery.loading import load

SETTINGS = Settings(tokens=1024, calibration_tokens=512, questions=8, context=64)


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory, shipped: ModelFolder
) -> Iterator[tuple[Study, list[QualityRecord]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERLOCK_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("INTERLOCK_QUALITY", str(tmp_path_factory.mktemp("quality")))
        study = Study(shipped, SETTINGS)
        asked = [asked_technique("rtn", bits, 64) for bits in (8, 4, 2)]
        yield study, [study.original, *(study.measure(each) for each in asked)]


def test_fewer_bits_lose_more(measured: tuple[Study, list[QualityRecord]]):
    original, *rest = measured[1]
    assert [record.figures["divergence"][0] for record in rest] == sorted(r.figures["divergence"][0] for r in rest)
    assert abs(rest[0].figures["perplexity_loss"][0]) < 0.01
    assert rest[2].figures["perplexity_loss"][0] > rest[0].figures["perplexity_loss"][2]
    assert "perplexity_loss" not in original.figures


def test_the_loss_is_that_of_the_two_perplexities(measured: tuple[Study, list[QualityRecord]]):
    original, _, _, two = measured[1]
    ratio = two.figures["perplexity"][0] / original.figures["perplexity"][0]
    assert two.figures["perplexity_loss"][0] == pytest.approx(ratio - 1)
    low, high = two.figures["perplexity_loss"][1:]
    assert low < ratio - 1 < high


def test_bits_of_a_weight_include_its_scales(measured: tuple[Study, list[QualityRecord]]):
    original = measured[1][0]
    assert [record.weight_bits(original) for record in measured[1]] == pytest.approx([16, 8.25, 4.25, 2.25])


def test_what_is_known_is_not_measured_again(measured: tuple[Study, list[QualityRecord]], monkeypatch: Any):
    study, records = measured
    for record in records:
        keep(record)  # where this test looks
    monkeypatch.setattr(ModelFolder, "load", lambda self: pytest.fail("loaded again"))
    again = Study(study.folder, SETTINGS)
    assert [again.original, again.measure(asked_technique("rtn", 4, 64))] == [records[0], records[2]]


def test_a_technique_that_refuses_does_not_stop_a_sweep(shipped: ModelFolder):
    study = Study(shipped, replace(SETTINGS, tokens=128, questions=0))
    entries = sweep(study, [asked_technique("rtn", 4, 100), asked_technique("rtn", 4, 64)], "h100-sxm")
    assert [entry.record is not None for entry in entries] == [False, True]
    assert "does not divide" in entries[0].why
    assert len(list(all_records())) == 2
    assert [entry.was_known for entry in sweep(study, [asked_technique("rtn", 4, 64)], "h100-sxm")] == [True]


def test_a_setting_that_changes_nothing_is_flagged(shipped: ModelFolder):
    study = Study(shipped, replace(SETTINGS, tokens=128, questions=0))
    kept, rounded = (study.measure(asked_technique(f"rtn:format={name}")) for name in ("fp32", "int8"))
    assert any("lossless here" in note for note in kept.notes)
    assert not any("lossless here" in note for note in rounded.notes)


def test_groups_that_do_not_fit_are_refused_before_anything_is_measured(shipped: ModelFolder):
    study = Study(shipped, replace(SETTINGS, tokens=128, questions=0))
    with pytest.raises(InputError, match="64 or 128 or 256, which divide every layer") as refused:
        study.measure(asked_technique("awq", 4, 96))
    assert refused.value.where == "--group-size"
    assert list(all_records()) == []


def test_rows_are_plain_and_complete(measured: tuple[Study, list[QualityRecord]]):
    original, eight, *_ = measured[1]
    row = quality_row(eight, original)
    assert row["label"] == "round-to-nearest bits=8 group_size=64"
    assert row["bits_per_linear_weight"] == 8.25
    assert row["perplexity_low"] < row["perplexity"] < row["perplexity_high"]
    assert row["test_tokens"] == 1024


def test_a_saved_model_reloads_to_the_same_logits(shipped: ModelFolder, tmp_path: Path, tokenizer: Any):
    applied = asked_technique("rtn", 3, 64).apply(shipped.load(), None)
    save_applied(applied, shipped, tmp_path / "out", {"technique": "round-to-nearest", "parameters": {"bits": 3}})
    tokens = torch.arange(40)[None]
    with torch.no_grad():
        expected = applied.model(tokens).logits
        again = AutoModelForCausalLM.from_pretrained(tmp_path / "out")(tokens).logits
        packed = load(tmp_path / "out")(tokens).logits
    assert again.equal(expected)
    assert packed.equal(expected)
    stored = load_file(tmp_path / "out" / "packed" / "weights.safetensors")
    assert sum(each.nbytes for each in stored.values()) == sum(applied.stored.values())
    assert ModelFolder(name="out", path=tmp_path / "out", source="").tokenizer()("word") == tokenizer("word")


def test_a_saved_model_takes_no_place_that_is_taken(shipped: ModelFolder, tmp_path: Path):
    applied = asked_technique("rtn", 4, 64).apply(shipped.load(), None)
    (tmp_path / "mine").write_text("x")
    with pytest.raises(InputError, match="already there"):
        save_applied(applied, shipped, tmp_path, {"technique": "", "parameters": {}})


def test_lists_of_techniques_are_crossed_with_bits_and_groups():
    found = asked_techniques("rtn,gptq:bits=3,act_order=no,smoothquant", [4, 8], [64])
    labels = [technique_label(each) for each in found]
    assert labels[:2] == [f"round-to-nearest bits={bits} group_size=64" for bits in (4, 8)]
    assert labels[2] == "gptq bits=3 group_size=64 act_order=False"
    assert labels[-1].startswith("smoothquant")


@pytest.mark.parametrize(
    ("text", "message"), [("rtn,,gptq", "separated by commas"), ("nothing", "technique"), ("gptq:x=1", "x=1")]
)
def test_lists_that_make_no_sense_are_refused(text: str, message: str):
    with pytest.raises(InputError, match=message):
        asked_techniques(text, [], [])


def test_the_code_of_a_technique_is_what_it_imports():
    files = {path.name for path in _reached("interlock.techniques.quantization.gptq")}
    assert {"gptq.py", "base.py", "grid.py"} <= files
    assert "awq.py" not in files
    assert code_version("interlock.lab.metrics.scores") == code_version("interlock.lab.metrics.scores")
    assert code_version("interlock.lab.metrics.scores") != code_version("interlock.lab.metrics.choices")


def test_fewer_bytes_are_predicted_to_decode_faster(shipped: ModelFolder):
    found = predicted_decode(shipped, "jetson-orin-nano-8g", asked_technique("rtn", 4, 64).effects())
    assert found.ratio is not None
    assert 1.0 < found.ratio < 4.0


@pytest.mark.parametrize("field", ["tokens", "calibration_tokens", "questions"])
def test_more_than_the_text_has_is_refused(shipped: ModelFolder, field: str):
    with pytest.raises(InputError, match=r"at most|from 1 to"):
        Study(shipped, replace(SETTINGS, **{field: 1_000_000}))
