"""Every shipped config reads, has a source, and has the size that was published."""

from __future__ import annotations

from collections import Counter

import pytest

from interlock import models
from interlock.catalogue import DATA, canonical
from interlock.files import read_json
from interlock.models import Formats, Step, count_parameters, lower, scheme
from interlock.operators.operator import total

FILES = {path.stem: path for path in sorted((DATA / "models").glob("*.json"))}
ABOUT = {name: read_json(path)["interlock"] for name, path in FILES.items()}


@pytest.mark.parametrize("name", FILES)
def test_size_is_the_published_one(name):
    about = ABOUT[name]
    found = count_parameters(models.model(name))
    assert found.total == pytest.approx(about["published_parameters"], rel=about["published_rounding"], abs=0)


@pytest.mark.parametrize("name", [name for name, about in ABOUT.items() if "published_active_parameters" in about])
def test_active_size_is_the_published_one(name):
    """Authors differ on whether the rows of the embedding that a token does not look up are active."""
    found = count_parameters(models.model(name))
    bare = found.active - found.by_class["embedding"]
    published = ABOUT[name]["published_active_parameters"]
    assert min(abs(size / published - 1) for size in (found.active, bare)) < 0.04


@pytest.mark.parametrize("name", FILES)
def test_entry_says_what_it_is_and_where_it_comes_from(name):
    about = ABOUT[name]
    allowed = {
        "title", "source", "hub", "aliases", "note",
        "published_parameters", "published_rounding", "published_active_parameters",
    }  # fmt: skip
    assert set(about) <= allowed
    assert name == canonical(name)
    assert about["title"]
    assert about["source"]
    assert 0 <= about["published_rounding"] <= 0.05
    assert not any(canonical(alias) != alias for alias in about["aliases"])


def test_names_and_aliases_are_unique():
    every = [*FILES, *(alias for about in ABOUT.values() for alias in about["aliases"])]
    assert [name for name, times in Counter(every).items() if times > 1] == []


@pytest.mark.parametrize(
    ("alias", "name"),
    [("llama3.1-8b", "llama-3.1-8b"), ("GPT_2", "gpt2"), ("deepseek-r1", "deepseek-v3"), ("grok", "grok-1")],
)
def test_people_spell_names_their_own_way(alias, name):
    assert models.model(alias) == models.model(name)


@pytest.mark.parametrize("name", FILES)
def test_every_model_lowers(name):
    model = models.model(name)
    step = Step(
        prefill_sequences=2, prefill_tokens=32, decode_sequences=3, decode_context=9, images=1, encoder_tokens=5
    )
    operators = lower(model, step, Formats.of(scheme()))
    assert total(operators, "flop") > 0
    assert [name for name, times in Counter(operator.name for operator in operators).items() if times > 1] == []


def test_notes_are_shown_with_the_model():
    assert "multi-token prediction" in models.model("deepseek-v3").note
    assert models.model("gpt2").note == ""


def test_stored_formats():
    assert models.model("llama-2-7b").stored_format == "fp16"
    assert models.model("llama-3.1-8b").stored_format == "bf16"
    assert models.model("gpt2").stored_format == "fp32"
    assert models.model("deepseek-v3").stored_format == "fp8-e4m3"
