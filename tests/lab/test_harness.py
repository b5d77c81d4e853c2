"""Tasks of the LM Evaluation Harness: scored where it is installed, refused in one line where it is not."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from interlock.errors import InputError
from interlock.lab.models.folder import ModelFolder
from interlock.lab.quality.asked import asked_technique
from interlock.lab.quality.study import Settings, Study

SETTINGS = Settings(tokens=128, calibration_tokens=128, questions=0, context=64, harness_limit=12)
THERE = find_spec("lm_eval") is not None
needed = pytest.mark.skipif(not THERE, reason="pip install lm-eval")
TASK = """
task: which_comes_next
dataset_path: json
dataset_kwargs: {data_files: {test: %s}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{before}}"
doc_to_choice: "{{answers}}"
doc_to_target: right
metric_list: [{metric: acc}]
"""


@pytest.fixture
def task(tmp_path: Path) -> str:
    words = ("the people of the", "a treaty with", "the", "an act of")
    rows = [
        {"before": f"In the year {1800 + place}", "answers": [f", {words[place % 4]}", " zqxv zqxv zqxv"], "right": 0}
        for place in range(16)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "task.yaml").write_text(TASK % (tmp_path / "rows.jsonl"))
    return str(tmp_path / "task.yaml")


@pytest.mark.skipif(THERE, reason="lm-eval is installed")
def test_without_the_harness_one_line_says_what_to_install(shipped: ModelFolder):
    with pytest.raises(InputError, match="pip install lm-eval"):
        Study(shipped, replace(SETTINGS, harness=("arc_easy",)))


@needed
def test_a_task_of_a_local_file_is_scored_beside_the_original(shipped: ModelFolder, task: str):
    study = Study(shipped, replace(SETTINGS, harness=(task,)))
    record = study.measure(asked_technique("rtn", 4, 64))
    name = "task which_comes_next, acc"
    assert len(record.sums[name]) == 12
    assert study.original.figures[name][0] > 0.9  # words against letters
    low, value, high = sorted(record.figures[f"{name}, change"])
    assert -0.2 <= low <= value <= high <= 0.2
    plain = Study(shipped, SETTINGS)
    assert plain.subject(None).key != study.subject(None).key


@needed
@pytest.mark.parametrize("asked", ["no_such_task", "nowhere.yaml", "arc_easy"])
def test_what_is_not_there_is_one_line(shipped: ModelFolder, asked: str):
    with pytest.raises(InputError, match="--harness") as refused:
        _ = Study(shipped, replace(SETTINGS, harness=(asked,))).original
    assert "\n" not in str(refused.value)
