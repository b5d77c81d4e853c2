"""Everything that the documentation tells a reader to type prints what the documentation shows."""

from __future__ import annotations

import re
from pathlib import Path

import documented
import pytest
from documented import ROOT, Session, fits, pages, refreshed, run_command, segments

PAGES = {str(path.relative_to(ROOT)): path for path in pages()}
LINKED = {**PAGES, **{str(path.relative_to(ROOT)): path for path in sorted((ROOT / "changelog.d").glob("*.md"))}}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SOURCE = ROOT / "src" / "interlock"
COMBINED = {"techniques": "effects-and-techniques"}  # rooms that share a page
NOT_ROOMS = {"data"}


def anchors(path: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", PAGES)
def test_what_is_typed_prints_what_is_shown(name, tmp_path):
    wrong = [outcome for outcome in Session(page=PAGES[name], folder=tmp_path).run() if not outcome.fits]
    help_text = "\n\n`python tests/docs/refresh.py` rewrites the pages; read the difference."
    assert not wrong, "\n\n".join(outcome.difference() for outcome in wrong) + help_text


@pytest.mark.parametrize("name", LINKED)
def test_every_link_leads_somewhere(name):
    path = LINKED[name]
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{name}: {target}"


@pytest.mark.parametrize("name", PAGES)
def test_every_file_of_the_project_that_is_named_exists(name):
    text = PAGES[name].read_text(encoding="utf-8")
    for path in re.findall(r"`((?:src|tests|docs|changelog\.d|benchmarks)/[^`\s<>*]+)`", text):
        assert (ROOT / path).exists(), f"{name}: {path}"


@pytest.mark.parametrize("name", LINKED)
def test_the_project_speaks_of_itself_alone(name):
    text = LINKED[name].read_text(encoding="utf-8")
    assert re.findall(r"/home/\w+|/tmp/|/Users/|/work/|TODO|FIXME", text) == []


def test_the_index_links_every_page():
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in LINK.findall(index.read_text("utf-8"))}
    assert {path for path in (ROOT / "docs").rglob("*.md") if path != index} <= linked


def test_every_room_has_a_page():
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")} - NOT_ROOMS
    written = {path.stem for path in (ROOT / "docs" / "rooms").glob("*.md")}
    assert {COMBINED.get(room, room) for room in rooms} <= written


@pytest.mark.parametrize("command", ["plan", "estimate", "explain"])
def test_every_flag_is_in_the_documentation(command):
    code, output = run_command(f"interlock {command} --help")
    flags = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "\n".join(output)))
    assert code == 0
    assert "--model" in flags
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    assert {flag for flag in flags if not re.search(rf"(?<![\w-]){flag}(?![\w-])", text)} == set()


def test_the_words_of_the_glossary_are_sorted_and_defined_once():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = [word.lower() for word in re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE)]
    assert words == sorted(set(words))


# The checker itself: a test that cannot fail checks nothing.


@pytest.mark.parametrize(
    ("shown", "found", "expected"),
    [
        (["a"], ["a"], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a", "b"], True),
        (["a", "..."], ["b"], False),
        (["...", "b"], ["a", "b"], True),
        (["a", "...", "c"], ["a", "b", "c"], True),
        (["a", "...", "c"], ["a", "b", "d"], False),
        (["a", "...", "b", "...", "c"], ["a", "x", "b", "c"], True),
        (["a", "...", "b", "...", "c"], ["a", "x", "c"], False),
        (["a", "...", "a"], ["a"], False),
        (["..."], ["a", "b"], True),
    ],
)
def test_cuts_stand_for_any_lines_and_nothing_else_does(shown, found, expected):
    assert fits(shown, found) is expected


def test_refreshing_keeps_the_excerpts_and_takes_the_new_numbers():
    shown = ["cost 1.2 USD", "...", "memory 3 GB", "free 1 GB", "...", "end 4"]
    found = ["cost 9.9 USD", "time 7 s", "memory 8 GB", "free 6 GB", "note", "end 5"]
    new = refreshed(shown, found)
    assert new == ["cost 9.9 USD", "...", "memory 8 GB", "free 6 GB", "...", "end 5"]
    assert fits(new, found)
    assert len(segments(new)) == len(segments(shown))


def test_refreshing_says_so_where_an_excerpt_is_gone():
    with pytest.raises(ValueError, match="by hand"):
        refreshed(["a 1", "...", "quite another line"], ["a 2", "77", "%%%"])


def test_a_wrong_output_a_wrong_code_and_a_wrong_value_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(documented, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ interlock --version\nnot a version\n```\n"
        "```console\n$ interlock chips no-such-chip\n...\n```\n"
        "`interlock/chips/mine.toml`:\n\n```toml\nlike = \"h100-sxm\"\n```\n"
        "```console\n$ interlock chips mine\n...\n```\n"
        "```python\n1 + 1  # -> 3\n```\n",
        encoding="utf-8",
    )  # fmt: skip
    folder = tmp_path / "run"
    folder.mkdir()
    assert [outcome.fits for outcome in Session(page=page, folder=folder).run()] == [False, False, True, False]


def test_only_our_own_commands_may_be_documented():
    with pytest.raises(ValueError, match="not 'rm'"):
        run_command("rm -rf build")
    with pytest.raises(ValueError, match="no target"):
        run_command("make no-such-target")
