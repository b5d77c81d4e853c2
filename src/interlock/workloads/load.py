"""What is served, as a value: requests are made from it at any rate and with any seed, here or in another process."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from interlock.catalogue import own_path
from interlock.workloads.requests import Requests
from interlock.workloads.traffic import names_file, traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The arguments of `traffic`, but for the rate and the seed; or `given` requests, which a rate stretches."""

    trace: str | None = None
    shape: str | None = None
    prompt: int | None = None
    output: int | None = None
    count: int | None = None
    process: str | None = None
    cv: float | None = None
    clients: int = 1
    samples: int = 1
    given: Requests | None = field(default=None, repr=False)

    def at(self, rate: float | None, seed: int = 0) -> Requests:
        """The requests at a rate; as they are known if None.

        Raises:
            InputError: what `traffic` refuses.
        """
        if self.given is not None:
            return self.given if rate is None else self.given.at_rate(rate)
        file = self._file
        return _made(self, rate, seed, None if file is None else (file.stat().st_mtime_ns, file.stat().st_size))

    @property
    def _file(self) -> Path | None:
        """The file that is read, if one is."""
        if self.trace is None or not names_file(self.trace):
            return None
        path = own_path(self.trace)
        return path if path.is_file() else None

    @property
    def identity(self) -> dict[str, Any]:
        """What the requests depend on: the arguments, and the bytes of a file or of given columns."""
        if self.given is not None:
            told = hashlib.sha256()
            for name, column in sorted(_columns(self.given).items()):
                told.update(name.encode() + column.tobytes())
            return {"given": told.hexdigest(), "prefix_tokens": self.given.prefix_tokens}
        found: dict[str, Any] = {key: value for key, value in asdict(self).items() if key != "given"}
        if self._file is not None:
            with self._file.open("rb") as file:
                found["trace"] = hashlib.file_digest(file, "sha256").hexdigest()
        return found


@lru_cache(maxsize=1)
def _made(load: Load, rate: float | None, seed: int, _stamp: tuple[int, int] | None) -> Requests:
    """The last requests that were made are made once."""
    return traffic(
        load.trace, shape=load.shape, prompt=load.prompt, output=load.output, count=load.count, rate=rate,
        process=load.process, cv=load.cv, seed=seed, clients=load.clients,
        samples=load.samples,
    )  # fmt: skip


def _columns(given: Requests) -> dict[str, Any]:
    names = (
        "arrival_s",
        "prompt",
        "output",
        "client",
        "session",
        "priority",
        "deadline_s",
        "prefix",
        "prefix_at",
        "samples",
    )
    return {name: getattr(given, name) for name in names}
