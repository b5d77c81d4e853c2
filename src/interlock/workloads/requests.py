"""Requests as columns: when each arrives, how long it is, whose it is, and what it shares with others.

keeps: sorted by arrival; whole positive lengths; checked once, here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Columns of equal length. `prefix` holds ids of whole prompt blocks of `prefix_tokens` tokens, one request's after
    the other's.

    Equal ids stand for equal tokens from the beginning of the prompt up to the block's end; those of request i are
    `prefix[prefix_at[i] : prefix_at[i + 1]]`. `deadline_s` is seconds from arrival to the first token; `session` is -1
    for a request of its own; `samples` is how many answers to one prompt are made side by side.
    """

    arrival_s: Floats
    prompt: Integers
    output: Integers
    client: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    session: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    priority: Floats = field(default_factory=lambda: np.zeros(0))
    deadline_s: Floats = field(default_factory=lambda: np.zeros(0))
    prefix: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    prefix_at: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    prefix_tokens: int = 0
    clients: tuple[str, ...] = ()
    samples: Integers = field(default_factory=lambda: np.ones(0, dtype=np.int64))

    def __len__(self) -> int:
        return self.arrival_s.size

    @property
    def span_s(self) -> float:
        """Seconds from the first arrival to the last."""
        return float(self.arrival_s[-1] - self.arrival_s[0]) if len(self) else 0.0

    @property
    def rate(self) -> float:
        """Requests a second; nan for fewer than two moments."""
        return (len(self) - 1) / self.span_s if self.span_s > 0 else float("nan")

    def at_rate(self, rate: float) -> Requests:
        """The same requests, with time stretched so that they come at a mean rate.

        Raises:
            InputError: all of them come at one moment, so that no stretching helps.
        """
        if not self.span_s > 0:
            raise InputError("--rate", f"{rate:g}", "no rate: all requests of this trace come at one moment")
        return replace(self, arrival_s=(self.arrival_s - self.arrival_s[0]) * (self.rate / rate))

    def first(self, count: int) -> Requests:
        """The first `count` requests."""
        cut = {name: getattr(self, name)[:count] for name in _COLUMNS}
        return replace(self, **cut, prefix_at=self.prefix_at[: count + 1], prefix=self.prefix[: self.prefix_at[count]])


_COLUMNS = ("arrival_s", "prompt", "output", "client", "session", "priority", "deadline_s", "samples")


def requests(
    arrival_s: Any,
    prompt: Any,
    output: Any,
    *,
    where: str = "requests",
    client: Any = None,
    session: Any = None,
    priority: Any = None,
    deadline_s: Any = None,
    prefixes: list[list[int]] | None = None,
    prefix_tokens: int = 0,
    sort: bool = False,
    samples: Any = None,
) -> Requests:
    """Checked columns.

    Args:
        arrival_s: seconds, from any origin that is not negative.
        prompt: tokens in.
        output: tokens out.
        where: the file or flag, for messages.
        client: who asks, as numbers or names; one client if None.
        session: numbers or names; no sessions if None.
        priority: lower goes first; 0 if None.
        deadline_s: seconds to the first token; unlimited if None.
        prefixes: ids of the whole prompt blocks of each request.
        prefix_tokens: tokens of a block.
        sort: order by arrival instead of refusing what is not in order.
        samples: answers to each prompt; one if None.

    Raises:
        InputError: nothing, columns of different length, times or lengths that cannot be.
    """
    times = _numbers(arrival_s, "arrival_s", where)
    columns = {"prompt": _numbers(prompt, "prompt", where), "output": _numbers(output, "output", where)}
    if times.size == 0:
        raise InputError(where, "no requests", "at least one")
    for name, column in columns.items():
        if column.size != times.size:
            raise InputError(where, f"{column.size} of {name} for {times.size} arrivals", "columns of one length")
        _all(column >= 1, column, name, where, "1 token or more")
        _all(column <= 1e8, column, name, where, "at most 1e8 tokens")
        _all(column == np.floor(column), column, name, where, "whole tokens")
    _all(times >= 0, times, "arrival_s", where, "0 or more")
    if sort:
        order = np.argsort(times, kind="stable")
    else:
        order = np.arange(times.size)
        later = np.concatenate([[True], np.diff(times) >= 0])
        _all(later, times, "arrival_s", where, "times in order (`interlock trace convert` sorts them)")
    n = times.size
    prompts = columns["prompt"].astype(np.int64)[order]
    names, clients = _codes(client, n)
    _, sessions = _codes(session, n)
    ids, at = _prefixes(prefixes, prefix_tokens, prompts, order, where)
    return Requests(
        arrival_s=times[order],
        prompt=prompts,
        output=columns["output"].astype(np.int64)[order],
        client=clients[order],
        session=sessions[order] if session is not None else np.full(n, -1, dtype=np.int64),
        priority=_numbers(priority, "priority", where)[order] if priority is not None else np.zeros(n),
        deadline_s=_numbers(deadline_s, "deadline_s", where)[order] if deadline_s is not None else np.full(n, 1e9),
        prefix=ids,
        prefix_at=at,
        prefix_tokens=prefix_tokens if ids.size else 0,
        clients=names,
        samples=_numbers(samples, "samples", where).astype(np.int64)[order]
        if samples is not None
        else np.ones(n, np.int64),
    )


def _numbers(values: Any, name: str, where: str) -> Floats:
    try:
        column = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(where, f"{name} that is not numbers", "a number in every row") from None
    if column.ndim != 1:
        raise InputError(where, f"{name} of {column.ndim} dimensions", "one number a request")
    _all(np.isfinite(column), column, name, where, "finite numbers")
    return column


def _all(good: NDArray[np.bool_], column: Floats, name: str, where: str, accepted: str) -> None:
    if not np.all(good):
        row = int(np.argmin(good))
        raise InputError(where, f"{column[row]:g} in request {row + 1}", accepted, name)


def _codes(values: Any, count: int) -> tuple[tuple[str, ...], Integers]:
    """Names in order of appearance, and which of them each row has."""
    if values is None:
        return ("all",), np.zeros(count, dtype=np.int64)
    known: dict[str, int] = {}
    found = np.fromiter((known.setdefault(str(value), len(known)) for value in values), dtype=np.int64, count=count)
    return tuple(known), found


def _prefixes(
    given: list[list[int]] | None, tokens: int, prompts: Integers, order: Integers, where: str
) -> tuple[Integers, Integers]:
    """Dense ids of the blocks that lie wholly in the prompt, and where each request's begin."""
    n = prompts.size
    if given is None:
        return np.zeros(0, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
    if tokens < 1:
        raise InputError(where, "prefix ids without a block size", "prefix_tokens of 1 or more")
    known: dict[int, int] = {}
    kept: list[int] = []
    at = np.zeros(n + 1, dtype=np.int64)
    for i, source in enumerate(order.tolist()):
        ids = given[source][: int(prompts[i]) // tokens]
        if len(set(ids)) < len(ids):
            found = f"an id twice in request {source + 1}"
            raise InputError(where, found, "ids that stand for all of the prompt up to the block's end", "prefixes")
        kept += [known.setdefault(item, len(known)) for item in ids]
        at[i + 1] = len(kept)
    return np.asarray(kept, dtype=np.int64), at
