"""Generators with names: a trace's statistics, from which requests of the same kind are drawn.

idea:    prompts by the inverse of their distribution; answers by that of their band of prompt lengths; gaps between
         arrivals likewise, independent of each other; prompts that follow an earlier one take over its leading blocks,
         as turns of a conversation do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter

from interlock.catalogue import entries, resolve
from interlock.errors import InputError
from interlock.evidence import Source
from interlock.files import check, read_toml
from interlock.workloads import arrivals
from interlock.workloads.quantiles import LEVELS, invert
from interlock.workloads.requests import Requests, requests

_RECENT: Final = 4000  # earlier requests that one may follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Values at the levels of `quantiles.LEVELS`."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    quantiles: Annotated[tuple[float, ...], Field(min_length=len(LEVELS), max_length=len(LEVELS))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """`trunk_share` of the prompts begin with one common block; `follow_share` take more over from an earlier prompt.

    `followed` are quantiles of the share of its blocks that such a prompt takes over.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    block_tokens: Annotated[int, Field(ge=1)]
    trunk_share: Annotated[float, Field(ge=0, le=1)]
    follow_share: Annotated[float, Field(ge=0, le=1)]
    followed: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A kind of traffic. `distance` is Kolmogorov-Smirnov's from requests that the fit did not see."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    id: str
    title: str
    rate: Annotated[float, Field(gt=0)]
    gap: Lengths  # microseconds
    prompt: Lengths
    outputs: Annotated[tuple[Lengths, ...], Field(min_length=1)]  # by bands of prompt length that have equal shares
    sharing: Sharing | None = None
    aliases: tuple[str, ...] = ()
    distance: dict[str, float] = field(default_factory=dict)
    sources: dict[str, Source]


_ADAPTER: Final = TypeAdapter(Generator)


def generator_names() -> list[str]:
    """The names of all generators."""
    return list(entries("trace", ".toml"))


def generator(name: str, where: str | None = None) -> Generator:
    """One generator by name.

    Raises:
        InputError: unknown name or a field that is not accepted.
    """
    path = resolve("trace", name, ".toml", _aliases, where)
    return check(_ADAPTER, {"id": path.stem, **read_toml(path)}, str(path))


def _aliases() -> dict[str, str]:
    return {
        alias: name for name, path in entries("trace", ".toml").items() for alias in read_toml(path).get("aliases", [])
    }


def generate(
    of: Generator, count: int, *, seed: int = 0, rate: float | None = None, process: str | None = None,
    cv: float | None = None, clients: int = 1,
) -> Requests:  # fmt: skip
    """Draw requests.

    Args:
        of: the kind of traffic.
        count: how many.
        seed: the same seed draws the same requests.
        rate: requests a second; the kind's own if None.
        process: "poisson", "gamma", "bursty" or "diurnal"; gaps as the kind has them if None.
        cv: of a gamma process.
        clients: how many share the requests, evenly.

    Raises:
        InputError: no requests, or a process that nobody knows.
    """
    if count < 1:
        raise InputError("--requests", str(count), "1 or more")
    rng = np.random.default_rng(seed)
    at = rng.random(count)
    prompt = invert(at, of.prompt.quantiles)
    band = np.minimum((at * len(of.outputs)).astype(int), len(of.outputs) - 1)
    level = rng.random(count)
    output = np.ones(count, dtype=np.int64)
    for i, lengths in enumerate(of.outputs):
        output[band == i] = invert(level[band == i], lengths.quantiles)
    if process is None and cv is None:
        gaps = _gaps(rng.random(count), of.gap.quantiles)
        expected = float(np.mean(_gaps(np.linspace(0.0, 1.0, 100_001), of.gap.quantiles)))  # draws of a long tail vary
        times = np.cumsum(gaps) / (expected * (rate or of.rate))
    else:
        times = arrival_times(count, rate or of.rate, seed + 1, process=process, cv=cv)
    blocks = _prefixes(of.sharing, prompt, seed + 2) if of.sharing else None
    return requests(
        times,
        prompt,
        output,
        where=of.id,
        client=rng.integers(0, clients, count) if clients > 1 else None,
        prefixes=blocks,
        prefix_tokens=of.sharing.block_tokens if of.sharing else 0,
    )


def _gaps(at: Any, values: tuple[float, ...]) -> Any:
    """Gaps at levels of their distribution: linear where many are 0, and logarithmic in the last fiftieth."""
    tail = np.exp(np.interp(at, LEVELS, np.log(np.maximum(values, 1e-3))))
    return np.where(at < 0.98, np.interp(at, LEVELS, values), tail)


def arrival_times(count: int, rate: float, seed: int, *, process: str | None = None, cv: float | None = None) -> Any:
    """Seconds at which requests come.

    Raises:
        InputError: a process that nobody knows, or a rate of 0.
    """
    if process in (None, "gamma"):
        return arrivals.gamma(count, rate, cv or 1.0, seed)
    if process not in arrivals.PROCESSES:
        raise InputError("--arrivals", repr(process), f"gamma, {', '.join(arrivals.PROCESSES)}")
    return arrivals.PROCESSES[process](count, rate, seed)


def _prefixes(sharing: Sharing, prompt: Any, seed: int) -> list[list[int]]:
    """Ids of the whole blocks of each prompt: taken over from an earlier one as far as drawn, new from there on."""
    rng = np.random.default_rng(seed)
    blocks = (prompt // sharing.block_tokens).tolist()
    follows = rng.random(len(blocks)) < sharing.follow_share
    rooted = rng.random(len(blocks)) < sharing.trunk_share
    levels = np.linspace(0.0, 1.0, len(sharing.followed)) if len(sharing.followed) != len(LEVELS) else LEVELS
    share = np.interp(rng.random(len(blocks)), levels, sharing.followed)
    pick = rng.random(len(blocks))
    chains: list[list[int]] = []
    fresh = 1
    for i, count in enumerate(blocks):
        mine: list[int] = []
        want = int(np.ceil(share[i] * count)) if follows[i] and count > 1 else 0
        if want > 1 and chains:
            recent = chains[-_RECENT:]
            for attempt in range(8):  # an earlier prompt that is long enough to take that much from
                other = recent[int(pick[i] * 7919 * (attempt + 1)) % len(recent)]
                if len(other) > len(mine):
                    mine = other[:want] if len(other) > want else other
                if len(mine) >= want:
                    break
            mine = list(mine)
        if not mine and count and rooted[i]:
            mine = [0]
        new = count - len(mine)
        mine += range(fresh, fresh + new)
        fresh += max(new, 0)
        chains.append(mine[:count])
    return chains
