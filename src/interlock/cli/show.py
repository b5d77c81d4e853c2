"""How text gets to a terminal of 80 columns: headings, tables without frames, pairs, a progress bar, JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

console = Console(highlight=False, markup=False, emoji=False)


def print_json(record: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False))


def line(text: str = "") -> None:
    """A paragraph, broken between words."""
    _draw(Text(text))


def heading(text: str) -> None:
    """A heading with a blank line before it."""
    line()
    _draw(Text(text, style="bold"))


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]], indent: int = 0) -> None:
    """A table; columns are (name, side). Cells are text, never markup; a name may have two lines.

    Sides: "right" and "left" keep a cell on one line where there is room, "wrap" breaks between words first; a "name"
    is on the left and never broken.
    """
    drawn = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False, collapse_padding=True)
    for name, side in columns:
        drawn.add_column(
            Text(name),
            justify="right" if side == "right" else "left",
            no_wrap=side in {"right", "name"},
            overflow="fold",
        )
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    _draw(Padding(drawn, (0, 0, 0, indent)))


def pairs(items: Iterable[tuple[str, str]], indent: int = 2) -> None:
    """Names and values, one a line, values wrapped under themselves."""
    drawn = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    drawn.add_column(no_wrap=True, style="dim", min_width=11)
    drawn.add_column(overflow="fold")
    for name, value in items:
        drawn.add_row(Text(name), Text(value))
    _draw(Padding(drawn, (0, 0, 0, indent)))


def _draw(item: RenderableType) -> None:
    """Print without the blanks that pad cells to the width of their column."""
    with console.capture() as kept:
        console.print(item)
    sys.stdout.write("\n".join(each.rstrip() for each in kept.get().split("\n")))


def shell(command: str, room: int = 15) -> str:
    """A command broken before its flags with backslashes, so that what is copied from the terminal runs."""
    lines = [""]
    for part in command.replace(" --", "\n--").split("\n"):
        if lines[-1] and len(lines[-1]) + len(part) + 3 > console.width - room:
            lines.append(part)
        else:
            lines[-1] = f"{lines[-1]} {part}".strip()
    return " \\\n".join(lines)


def matching(search: str, *texts: str) -> bool:
    """Whether any text contains what is searched for, whatever the case."""
    return any(search.lower() in text.lower() for text in texts)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A callback for (done, total) that draws a bar on standard error, if a person reads it and a second has passed."""
    began = time.monotonic()
    screen = Console(stderr=True)
    bar = Progress(console=screen, transient=True)
    task = bar.add_task(what, total=None)

    def advance(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if screen.is_terminal and time.monotonic() - began > 1.0 and done < total:
            bar.start()

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()


@contextmanager
def advancing(what: str, most: int) -> Iterator[Callable[[int, float], None]]:
    """A callback for how many of at most so many are finished, and the share of the one under way."""
    with progress(what) as advance:
        yield lambda done, share: advance(round(1000 * (done + share)), 1000 * most)
