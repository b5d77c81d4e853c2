"""The catalogue of systems: complete, unique, and honest about what works."""

import re

import pytest

from interlock.errors import UnknownNameError
from interlock.exhibits import exhibit, exhibit_ids, families, system, systems


def test_there_are_440_systems_with_unique_ids() -> None:
    ids = [item.id for item in systems()]
    assert len(ids) == len(set(ids)) == 440
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids)


def test_every_row_is_complete() -> None:
    documents = {"survey", "accelerator review", "mobile slides", "lecture slide"}
    for item in systems():
        assert item.name
        assert item.what
        assert item.headline
        assert item.check
        assert item.runs_as in {"algorithm", "data", "model", "policy"}
        assert set(item.named_in) <= documents


def test_families_cover_all_systems() -> None:
    assert {item.family for item in systems()} == set(families())
    assert len(families()) == 28


@pytest.mark.parametrize(
    ("typed", "meant"), [("lama-2", "llama-2"), ("nvidia-h10", "nvidia-h100"), ("mixtral", "mixtral-8x7b")]
)
def test_an_unknown_name_offers_the_closest(typed: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=re.escape(meant)):
        system(typed)


def test_names_are_found_as_people_write_them() -> None:
    assert system("GPT 3").id == "gpt-3"
    assert system("nvidia_h100").id == "nvidia-h100"


def test_the_word_works_is_kept_for_whole_checks() -> None:
    for item in systems():
        found = exhibit(item.id)
        if found is None:
            assert item.progress == item.status == "not yet"
        elif found.missing:
            assert item.progress == "in part"
            assert item.status == f"in part: missing {found.missing}"
        else:
            assert item.progress == item.status == "works"
    assert {item.progress for item in systems()} == {"works", "in part", "not yet"}
    assert len(exhibit_ids()) > 90
