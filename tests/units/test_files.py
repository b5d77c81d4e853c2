"""Files of the user's own: whatever is wrong with them ends in one line that names the file."""

from pathlib import Path

import pytest

from interlock import catalogue
from interlock.errors import InputError, UnknownNameError
from interlock.files import read_json, read_text, read_toml


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1', "line 1 column"),
        ("[1, 2]", "a JSON list"),
        ("3", "a JSON int"),
        ("", "line 1 column 1"),
        ("[" * 100_000, "nesting too deep"),
        ('{"a": ' + "9" * 5000 + "}", "number too long"),
    ],
)
def test_json_that_is_no_object_is_refused_in_one_line(tmp_path: Path, text: str, found: str):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert found in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a = ", "a = 1\na = 2", "a = 2026-13-45", "a = " + "9" * 5000, "a = [" * 20_000])
def test_toml_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, text: str):
    path = tmp_path / "chip.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_toml(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_what_cannot_be_opened_is_refused_and_named(tmp_path: Path):
    binary = tmp_path / "weights.json"
    binary.write_bytes(b"\xff\xfe{}")
    for path, found in ((tmp_path / "none", "no such file"), (tmp_path, "a folder"), (binary, "not UTF-8")):
        with pytest.raises(InputError, match=found):
            read_text(path)
    with pytest.raises(InputError, match="at most 2 bytes"):
        read_text(binary, limit=2)


def test_a_users_entry_wins_over_a_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "chips").mkdir()
    mine = tmp_path / "chips" / "h100-sxm.toml"
    mine.write_text("")
    monkeypatch.setenv("INTERLOCK_PATH", str(tmp_path))
    assert catalogue.entries("chip", ".toml")["h100-sxm"] == mine
    assert catalogue.resolve("chip", " H100_SXM", ".toml", dict) == mine


def test_an_unknown_name_offers_the_closest_ones_and_where_to_find_all():
    with pytest.raises(UnknownNameError) as caught:
        catalogue.resolve("chip", "h100-smx", ".toml", dict, "--chip")
    assert str(caught.value).startswith("--chip: found 'h100-smx'; accepted: did you mean h100-sxm")
    assert "`interlock chips` lists them" in str(caught.value)


def test_an_unknown_name_of_what_no_command_lists_is_answered_with_the_names():
    assert "one of bert, llama" in str(UnknownNameError("architecture", "zzz", ["llama", "bert"]))
    assert "interlock architectures" not in str(UnknownNameError("architecture", "zzz", ["llama", "bert"]))
