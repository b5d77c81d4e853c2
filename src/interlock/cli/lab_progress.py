"""A progress bar whose text changes with what is being done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """A callback for (what, done, total), drawn on standard error if a person reads it and a second has passed."""
    began = time.monotonic()
    screen = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=screen, transient=True)
    task = bar.add_task("", total=None)
    current = ""

    def advance(what: str, done: int, total: int) -> None:
        nonlocal current
        if what.split(",")[0] != current:
            current = what.split(",")[0]
            bar.reset(task)
        bar.update(task, description=what, completed=done, total=total)
        if screen.is_terminal and time.monotonic() - began > 1.0 and not bar.live.is_started:
            bar.start()

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()
