"""The pages of the documentation, and what happens when a reader types what they say.

idea: a page is a session. Its blocks run in order in one empty folder: files are written, `console` commands run in
      process on 80 columns, `python` runs in one namespace: `# ->` shows what a line prints or is, a `text` block
      what the block before it printed. What comes out must be what the page shows.
keeps: trailing blanks do not count, nor blank lines at the ends of an output; a line `...` stands for any lines, and
       blank lines beside it are there for the eye.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import io
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interlock.cli import main
from interlock.cli.show import console

ROOT = Path(__file__).parents[2]
CUT = "..."
COLUMNS = 80
_OWN = {"INTERLOCK_CACHE": "cache", "INTERLOCK_QUALITY": "quality"}  # in the page's own folder

_FENCE = re.compile(r"```(\w*)\s*(?:title=\"([^\"]+)\")?\s*")
_CAPTION = re.compile(r"`([^`]+)`:")
_EXIT = re.compile(r"# exit (\d+)")
_ARROW = re.compile(r"\s*# -> (.*)$")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def pages() -> list[Path]:
    """README, CONTRIBUTING and everything in docs/."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its language, the file it is (if it is one), its lines, and the line number of the first."""

    language: str
    file: str | None
    lines: tuple[str, ...]
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a console block, the output that is shown, and the exit code that is promised."""

    typed: tuple[str, ...]
    shown: tuple[str, ...]
    code: int
    first: int

    @property
    def line(self) -> str:
        """What the shell sees: continued lines joined."""
        return " ".join(part.removesuffix("\\").strip() for part in self.typed).removeprefix("$").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that a page says beside what is true, as text; `place` is page and line."""

    place: str
    said: tuple[str, ...]
    found: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the page is right."""
        return fits(self.said, self.found)

    def difference(self) -> str:
        """What differs, line by line."""
        return "\n".join([self.place, *difflib.unified_diff(self.said, self.found, "documented", "found", lineterm="")])


def blocks(text: str) -> list[Block]:
    """All fenced blocks of a page."""
    found: list[Block] = []
    lines = text.splitlines()
    opened: tuple[int, str, str | None] | None = None
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line)
        if opened is None and fence is not None:
            opened = (number + 1, fence[1], fence[2] or _caption(lines[:number]))
        elif opened is not None and line == "```":
            first, language, file = opened
            found.append(Block(language=language, file=file, lines=tuple(lines[first:number]), first=first + 1))
            opened = None
    if opened is not None:
        raise ValueError(f"the fence before line {opened[0] + 1} is not closed")
    return found


def _caption(before: Sequence[str]) -> str | None:
    """The file that a line such as "`my-chip.toml`:" announces right before a block."""
    said = [line for line in before[-2:] if line.strip()]
    match = _CAPTION.fullmatch(said[-1].strip()) if said else None
    return match[1] if match else None


def commands(block: Block) -> list[Command]:
    """The commands of a console block; a line `# exit 1` ends the output of one that fails."""
    found: list[Command] = []
    at = 0
    while at < len(block.lines):
        start = at
        if not block.lines[at].startswith("$ "):
            raise ValueError(f"line {block.first + at}: a console block starts with a command, not {block.lines[at]!r}")
        while block.lines[at].endswith("\\"):
            at += 1
        at += 1
        output = at
        while at < len(block.lines) and not block.lines[at].startswith("$ "):
            at += 1
        shown = list(block.lines[output:at])
        marks = [index for index, line in enumerate(shown) if _EXIT.fullmatch(line)]
        code = 0
        if marks and (mark := _EXIT.fullmatch(shown[marks[0]])):
            code = int(mark[1])
            del shown[marks[0]]
        found.append(
            Command(typed=block.lines[start:output], shown=tuple(trimmed(shown)), code=code, first=block.first + start)
        )
    return found


def trimmed(lines: Sequence[str]) -> list[str]:
    """Without trailing blanks, and without blank lines at both ends."""
    kept = [line.rstrip() for line in lines]
    while kept and not kept[0]:
        del kept[0]
    while kept and not kept[-1]:
        del kept[-1]
    return kept


def segments(shown: Sequence[str]) -> list[list[str]]:
    """What stands between the cuts, blank lines at its ends aside; empty where a cut stands at the end."""
    found: list[list[str]] = [[]]
    for line in shown:
        if line.strip() == CUT:
            found.append([])
        else:
            found[-1].append(line)
    return [trimmed(part) for part in found]


def cuts(shown: Sequence[str]) -> list[list[str]]:
    """Each cut with the blank lines beside it."""
    found: list[list[str]] = []
    for index, line in enumerate(shown):
        if line.strip() == CUT:
            before = [""] if index > 0 and not shown[index - 1] else []
            after = [""] if index + 1 < len(shown) and not shown[index + 1] else []
            found.append([*before, CUT, *after])
    return found


def fits(shown: Sequence[str], found: Sequence[str]) -> bool:
    """Whether what is shown is what was found, its cuts aside."""
    parts = segments(shown)
    if len(parts) == 1:
        return list(shown) == list(found)
    first, *middle, last = parts
    end = len(found) - len(last)
    if list(found[: len(first)]) != first or list(found[end:]) != last or end < len(first):
        return False
    at = len(first)
    for part in middle:
        places = [place for place in range(at, end - len(part) + 1) if list(found[place : place + len(part)]) == part]
        if not places:
            return False
        at = places[0] + len(part)
    return True


def refreshed(shown: Sequence[str], found: Sequence[str]) -> list[str]:
    """What to show instead: the same excerpts of the new output, found again by lines that look alike but for digits.

    Raises:
        ValueError: an excerpt cannot be found again.
    """
    parts = segments(shown)
    if len(parts) == 1:
        return list(found)
    gaps = cuts(shown)
    result: list[str] = []
    at = 0
    for index, part in enumerate(parts):
        if index:
            result += gaps[index - 1]
        if not part:
            continue
        start = at if index == 0 else _alike(part[0], found, range(at, len(found)), at)
        if index == len(parts) - 1:
            end = len(found)
        else:
            expected = start + len(part) - 1
            near = range(max(start, expected - 6), min(len(found), expected + 7))
            end = _alike(part[-1], found, near, expected) + 1
        result += trimmed(found[start:end])
        at = end
    if not fits(result, found):
        raise ValueError("the excerpts overlap now; cut this output by hand")
    return result


def _alike(line: str, found: Sequence[str], places: range, expected: int) -> int:
    """The place of the line most like this one but for digits, the nearest to the expected place among equals."""

    def likeness(place: int) -> tuple[float, int]:
        ratio = difflib.SequenceMatcher(None, _worded(line), _worded(found[place])).ratio()
        return round(ratio, 2), -abs(place - expected)

    best = max(places, key=likeness, default=None)
    if best is None or likeness(best)[0] < 0.5:
        raise ValueError(f"nothing looks like {line!r} any more; cut this output by hand")
    return best


def _worded(line: str) -> str:
    return " ".join(re.sub(r"\d[\d.,]*", "0", line).split())


@dataclass(slots=True)
class Session:
    """One page's run in one folder; `rewritten` holds the page's lines with what is true now."""

    page: Path
    folder: Path
    rewritten: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)  # by the last Python block, where nothing says so beside it
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "documented"})

    def run(self) -> Iterator[Outcome]:
        """Run every block and say how each compares.

        Raises:
            ValueError: a block that cannot be read, or a command that readers are not meant to run here.
        """
        text = self.page.read_text(encoding="utf-8")
        self.rewritten = text.splitlines()
        edits: list[tuple[int, int, list[str]]] = []
        with contextlib.chdir(self.folder):
            for block in blocks(text):
                if block.language == "console":
                    yield from self._console(block, edits)
                elif block.language == "python":
                    yield from self._python(block, edits)
                elif block.language == "text":
                    yield self._printed(block, edits)
                elif block.file is not None:
                    path = Path(block.file)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text("\n".join(block.lines) + "\n", encoding="utf-8")
        for start, end, lines in reversed(edits):
            self.rewritten[start:end] = lines

    def _place(self, line: int) -> str:
        return f"{self.page.relative_to(ROOT)}:{line}"

    def _console(self, block: Block, edits: list[tuple[int, int, list[str]]]) -> Iterator[Outcome]:
        lines: list[str] = []
        for command in commands(block):
            code, printed = run_command(command.line)
            output = trimmed(printed)
            mark = [f"# exit {code}"] if code else []
            outcome = Outcome(
                place=f"{self._place(command.first)}: {command.line}",
                said=(f"exit code {command.code}", *command.shown),
                found=(f"exit code {code}", *output),
            )
            if not outcome.fits:
                try:
                    output = refreshed(command.shown, output)
                except ValueError as error:
                    raise ValueError(f"{outcome.place}: {error}") from None
            else:
                output = list(command.shown)
            gap = [""] if lines and (output != [CUT] or lines[-1] != CUT) else []
            blank = [""] if output and output[0] != CUT and not printed[0] and code != 2 else []
            lines += [*gap, *command.typed, *blank, *output, *mark]
            yield outcome
        edits.append((block.first - 1, block.first - 1 + len(block.lines), lines))

    def _python(self, block: Block, edits: list[tuple[int, int, list[str]]]) -> Iterator[Outcome]:
        lines = list(block.lines)
        self.printed = []
        for statement in ast.parse("\n".join(lines)).body:
            assert statement.end_lineno is not None
            last = statement.end_lineno - 1
            arrow = _ARROW.search(lines[last])
            result = run_statement(statement, self.names)
            if arrow is None:
                self.printed += [] if result == "None" else result.splitlines()
                continue
            yield Outcome(place=self._place(block.first + last), said=(arrow[1],), found=(result,))
            lines[last] = lines[last][: arrow.start()] + f"  # -> {result}"
        edits.append((block.first - 1, block.first - 1 + len(block.lines), lines))

    def _printed(self, block: Block, edits: list[tuple[int, int, list[str]]]) -> Outcome:
        """A `text` block shows what the Python before it printed."""
        outcome = Outcome(
            place=self._place(block.first), said=tuple(trimmed(block.lines)), found=tuple(trimmed(self.printed))
        )
        lines = list(outcome.said) if outcome.fits else refreshed(outcome.said, outcome.found)
        edits.append((block.first - 1, block.first - 1 + len(block.lines), lines))
        return outcome


def run_statement(statement: ast.stmt, names: dict[str, Any]) -> str:
    """Run one statement: what it prints, or else the repr of its value."""
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        if isinstance(statement, ast.Expr):
            value = eval(compile(ast.Expression(statement.value), "documentation", "eval"), names)
        else:
            exec(compile(ast.Module([statement], []), "documentation", "exec"), names)
    return printed.getvalue().strip() or repr(value)


def run_command(line: str) -> tuple[int, list[str]]:
    """Exit code and output of `interlock ...`, of `make plan`, or of `make <target>`, which is not run.

    Raises:
        ValueError: any other command, or a target that the Makefile does not have.
    """
    words = shlex.split(line)
    variables = {}
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    if words[0] == "make":
        recipe = make_recipe(words[1], dict(word.split("=", 1) for word in words[2:]))
        if words[1] != "plan":
            return 0, []
        echoed = [] if recipe[0].startswith("@") else [recipe[0]]
        code, output = run_command("interlock " + recipe[0].split("/interlock ", 1)[1])
        return code, [*echoed, *output]
    if words[0] != "interlock":
        raise ValueError(f"the documentation runs interlock and make, not {words[0]!r}")
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with _terminal(variables), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words[1:])
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    text = err.getvalue() if code == 2 else out.getvalue()
    return code, [line.rstrip() for line in _ESCAPE.sub("", text).splitlines()]


def make_recipe(target: str, given: dict[str, str]) -> list[str]:
    """The lines that make would run for a target, with the Makefile's variables.

    Raises:
        ValueError: no such target.
    """
    variables: dict[str, str] = {}
    recipe: list[str] | None = None
    for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"(\w+)\s*[:?]?=\s*(.*)", line):
            variables[match[1]] = match[2]
        elif re.match(rf"{re.escape(target)}\s*:(?!=)", line):
            recipe = []
        elif line.startswith("\t") and recipe is not None:
            recipe.append(line.strip())
        elif recipe:
            break
    if recipe is None:
        raise ValueError(f"the Makefile has no target {target!r}")
    variables |= given
    for _ in range(5):
        recipe = [re.sub(r"\$\((\w+)\)", lambda name: variables.get(name[1], name[0]), line) for line in recipe]
    return recipe


@contextlib.contextmanager
def _terminal(variables: dict[str, str]) -> Iterator[None]:
    """80 columns, no colours, and the environment that a command is given."""
    before, width = dict(os.environ), console._width
    os.environ.update({"COLUMNS": str(COLUMNS), "NO_COLOR": "1", **_OWN, **variables})
    os.environ.pop("FORCE_COLOR", None)
    for name in {"INTERLOCK_PATH", "INTERLOCK_DATA"} - set(variables):
        os.environ.pop(name, None)
    console.width = COLUMNS
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        console._width = width
