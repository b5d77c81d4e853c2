"""Two resources that work on a sequence of tiles: a transfer and the computation that needs it.

idea: with two buffers, tile i + 1 is fetched while tile i is computed.
symbols: n tiles, t transfer time of one, c compute time of one.
keeps: serial n (t + c); overlapped t + (n - 1) max(t, c) + c, which tends to n max(t, c).
"""

from __future__ import annotations

from collections.abc import Sequence


def serial(transfer: Sequence[float], compute: Sequence[float]) -> float:
    """One after the other."""
    return sum(transfer) + sum(compute)


def pipelined(transfer: Sequence[float], compute: Sequence[float], buffers: int = 2) -> float:
    """A timeline event by event: a fetch waits for a free buffer, a computation for its tile."""
    fetched = done = 0.0
    ends: list[float] = []
    for index, (fetch, work) in enumerate(zip(transfer, compute, strict=True)):
        free = ends[index - buffers] if index >= buffers else 0.0
        fetched = max(fetched, free) + fetch
        done = max(done, fetched) + work
        ends.append(done)
    return done
