"""The shape of the source tree: short files, honest names, and a text that speaks of the project alone."""

import ast
import re
from pathlib import Path
from statistics import median

import pytest

import interlock

SOURCE = Path(interlock.__file__).parent
ROOT = SOURCE.parent.parent
FILES = sorted(SOURCE.rglob("*.py"))
LONG: dict[str, str] = {}  # file: why it may have more than 300 lines
JUNK = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc|handlers?)($|_)")
FORBIDDEN = ("/work/", "/root/", "/home/", "seed document", "pypi.org/simple", "artifactory", "index-url")
TEXT = {".py", ".md", ".toml", ".json", ".tsv", ".txt", ".html", ".js", ".css", ".yml", ".yaml"}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_median_file_is_short():
    assert median(lines(path) for path in FILES) < 120


def test_no_file_is_long_without_a_reason():
    long = {str(path.relative_to(SOURCE)) for path in FILES if lines(path) > 300}
    assert long == set(LONG)


def test_no_module_is_named_after_nothing():
    names = {part for path in FILES for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert sorted(name for name in names if JUNK.search(name)) == []


def test_no_function_is_named_get():
    named = [
        f"{path.relative_to(SOURCE)}: {node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and re.match(r"_?get(_|$)", node.name)
    ]
    assert named == []


def tracked() -> list[Path]:
    """Text of the project: what lies in its folders and at its top."""
    folders = ("src", "docs", "benchmarks", "changelog.d", ".ci", "tests")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.is_file()]
    return [
        path
        for path in found
        if (path.suffix in TEXT or path.name in {"Makefile", "run"})
        and "__pycache__" not in path.parts
        and not any(path.is_relative_to(ROOT / "tests" / room) for room in ("policy", "docs"))  # they look for the same
    ]


@pytest.mark.parametrize("word", FORBIDDEN)
def test_the_text_names_no_machine_of_ours(word: str):
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if word in path.read_text(encoding="utf-8", errors="replace").lower()
    ]
    assert found == []


def test_every_module_says_what_it_is_in_its_first_line():
    silent = [str(path) for path in FILES if not (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]]
    assert silent == []
