"""Running the measurement in a process of its own, and its rows as measurements.

keeps: seconds are the least of the timings; the median stands beside them. Weights were cold, activations warm.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np

from interlock.errors import InputError, InterlockError
from interlock.evidence.measurement import Measurements
from interlock.evidence.source import Evidence, Source
from interlock.measure.engine import has_torch
from interlock.measure.machine import Machine, machine

CHIP: Final = "this-machine"
Library = Literal["numpy", "torch"]

_THREADS: Final = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
_BUFFER: Final = (2.0**26, 2.0**29)  # bytes, at least and at most
_CACHES: Final = 4.0  # times the last cache
_LONGEST_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured, of what and how."""

    machine: Machine
    about: Mapping[str, Any]  # library, version, threads
    stack: str
    seed: int
    seconds: float
    parts: tuple[Measurements, ...]  # products, then passes

    @property
    def products(self) -> Measurements:
        """Rows of family "gemm"."""
        return self.parts[0]

    @property
    def passes(self) -> Measurements:
        """Rows of family "elementwise"."""
        return self.parts[1]


def measure(
    *,
    library: Library | None = None,
    threads: int | None = None,
    seconds: float = 20.0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Measure this machine.

    Args:
        library: "numpy" or "torch"; PyTorch where it is installed, if None.
        threads: cores to use; all that this process may use, if None.
        seconds: about how long.
        seed: of the sizes.
        progress: called with tasks done and tasks in all.

    Raises:
        InputError: threads or seconds out of range.
        InterlockError: the measuring process failed.
    """
    here = machine()
    used = used_threads(here, threads)
    if not 0.0 < seconds <= _LONGEST_S:
        raise InputError("--budget", f"{seconds:g} s", f"more than 0 s, at most {_LONGEST_S:g} s")
    stack = library or ("torch" if has_torch() else "numpy")
    request = {
        "engine": stack,
        "threads": used,
        "seconds": seconds,
        "seed": seed,
        "buffer_bytes": int(min(max(_CACHES * (here.last_cache_bytes or 0.0), _BUFFER[0]), _BUFFER[1])),
    }
    lines = answers(request)
    first = next(lines)
    rows: list[dict[str, Any]] = []
    for line in lines:
        rows.append(line)
        if progress is not None:
            progress(len(rows), int(first["tasks"]))
    about = dict(first["about"])
    ref = f"interlock measure, {here.name}, {about['library']}, {used} threads, {datetime.now(UTC).date().isoformat()}"
    source = Source(kind=Evidence.MEASURED_HERE, ref=ref)
    return Measured(
        machine=here, about=about, stack=stack, seed=seed, seconds=seconds, parts=measurements(rows, stack, source)
    )


def used_threads(here: Machine, threads: int | None) -> int:
    """The number of threads to use.

    Raises:
        InputError: more than there are cores, or none.
    """
    if threads is not None and not 1 <= threads <= here.cores:
        raise InputError("--threads", str(threads), f"1 to {here.cores}, the cores that this process may use")
    return threads or here.cores


def answers(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of the measuring process.

    Raises:
        InterlockError: it failed; the last line that it wrote of why.
    """
    environment = {**os.environ, **dict.fromkeys(_THREADS, str(request["threads"]))}
    command = [sys.executable, "-m", "interlock.measure.worker"]
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True, env=environment
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(dict(request)))
            process.stdin.close()
            for line in process.stdout:
                yield json.loads(line)
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        if code:
            complaints.seek(0)
            said = complaints.read().strip().splitlines() or [f"exit code {code}"]
            raise InterlockError(f"measuring failed: {said[-1]}")


def measurements(rows: list[dict[str, Any]], stack: str, source: Source) -> tuple[Measurements, Measurements]:
    """Products and passes as columns."""
    products = [row for row in rows if row["kind"] == "product"]
    passes = [row for row in rows if row["kind"] != "product"]
    return _part("gemm", products, stack, source), _part("elementwise", passes, stack, source)


def _part(family: str, rows: list[dict[str, Any]], stack: str, source: Source) -> Measurements:
    def column(name: str) -> Any:
        return np.array([row[name] for row in rows])

    shared = {
        "chip": np.full(len(rows), CHIP),
        "stack": np.full(len(rows), stack),
        "activation_format": column("format"),
        "seconds": column("least").astype(float),
        "median_seconds": column("median").astype(float),
        "timings": column("count").astype(float),
    }
    if family == "gemm":
        sizes = {name: column(name).astype(float) for name in ("m", "n", "k")}
        own = {"weight_format": column("format"), **sizes, "batch": np.ones(len(rows))}
    else:
        own = {"kind": column("kind"), "rows": column("m").astype(float), "width": column("n").astype(float)}
    return Measurements(family=family, set_name=CHIP, licence="yours", source=source, columns={**shared, **own})
