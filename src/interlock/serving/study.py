"""Many simulations that do not depend on each other: on one core, on all, or on a cluster; what is done is kept.

idea:  a question is a generator: it yields the run that it wants next and is sent what the run found. All questions go
       on at once, so that a search by bisection of one policy runs beside that of another.
keeps: a finished run is on the disk before anything else happens, and is found there by whoever asks the same again;
       results do not depend on where or in which order runs are done.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from interlock.evidence.finished import path_of, read, write
from interlock.serving.runs import Finding, Run, Setting, find, name_of

K = TypeVar("K")
T = TypeVar("T")
Question = Generator[Run, Finding, T]
Told = Callable[[int, float], None]  # runs finished, and the share of the one under way
_READER: Final[TypeAdapter[Finding]] = TypeAdapter(Finding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Where runs are done and kept: any executor of `concurrent.futures`, else this process; a folder, else nowhere."""

    executor: Executor | None = None
    folder: Path | None = None


def once(run: Run) -> Question[Finding]:
    """The question of a single run."""
    return (yield run)


def answers(
    setting: Setting, questions: Mapping[K, Question[T]], means: Means | None = None, told: Told | None = None
) -> dict[K, T]:
    """Ask all questions, each as far as its last answer.

    Raises:
        InputError: what a run refuses, or a folder that cannot be written.
    """
    asking: _Asking[K, T] = _Asking(setting=setting, means=means or Means(), told=told or (lambda done, share: None))
    for key, question in questions.items():
        asking.go_on(key, question, None)
    while asking.pending:
        for future in wait(asking.pending, return_when=FIRST_COMPLETED).done:
            key, question, run = asking.pending.pop(future)
            asking.found(key, question, run, future.result())
    return {key: asking.results[key] for key in questions}


class _Asking(Generic[K, T]):
    """Questions under way."""

    def __init__(self, *, setting: Setting, means: Means, told: Told) -> None:
        self.setting, self.means, self.told = setting, means, told
        self.pending: dict[Future[Finding], tuple[K, Question[T], Run]] = {}
        self.results: dict[K, T] = {}
        self.done = 0

    def go_on(self, key: K, question: Question[T], answer: Finding | None) -> None:
        """Send a question its answer, and start the run that it asks for then."""
        try:
            run = next(question) if answer is None else question.send(answer)
        except StopIteration as ended:
            self.results[key] = ended.value
            return
        known = self._known(run)
        if known is not None:
            self.done += 1
            self.go_on(key, question, known)
        elif self.means.executor is None:
            found = find(self.setting, run, lambda part, parts: self.told(self.done, part / parts))
            self.found(key, question, run, found)
        else:
            self.pending[self.means.executor.submit(find, self.setting, run)] = key, question, run

    def found(self, key: K, question: Question[T], run: Run, finding: Finding) -> None:
        """Keep what a run found before anything else."""
        if self.means.folder is not None:
            write(self.means.folder, name_of(self.setting, run), asdict(finding))
        self.done += 1
        self.told(self.done, 0.0)
        self.go_on(key, question, finding)

    def _known(self, run: Run) -> Finding | None:
        folder = self.means.folder
        return None if folder is None else read(path_of(folder, name_of(self.setting, run)), _READER)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes(jobs: int) -> Executor | None:
    """An executor of as many processes; None for one, which is this."""
    if jobs < 2:
        return None
    context: Any = multiprocessing.get_context("spawn")  # starts clean, whatever threads run here
    return ProcessPoolExecutor(max_workers=jobs, mp_context=context)
