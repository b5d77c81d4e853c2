"""Writing: whole or not at all, and one line where it cannot be."""

import os
from pathlib import Path

import pytest

from interlock.errors import InputError
from interlock.report import write


def test_a_new_file_and_an_old_one(tmp_path):
    target = tmp_path / "plan.html"
    write(target, "first ×")
    write(str(target), "second")
    assert target.read_text("utf-8") == "second"
    assert list(tmp_path.iterdir()) == [target]


def test_line_ends_are_kept(tmp_path):
    write(tmp_path / "plan.csv", "a\nb\r\n")
    assert (tmp_path / "plan.csv").read_bytes() == b"a\nb\r\n"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_device_is_written_to_and_not_replaced():
    write(os.devnull, "nothing")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("name", ["missing/plan.html", "file/plan.html", ".", "~nobody-of-this-name/plan.html"])
def test_what_cannot_be_written_is_one_line(tmp_path, name):
    (tmp_path / "file").write_text("")
    path = name if name.startswith("~") else tmp_path / name
    with pytest.raises(InputError) as caught:
        write(path, "text")
    assert "\n" not in str(caught.value)
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "plan.html"
    write(target, "old")

    def fail(self, other):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match="No space left"):
        write(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
