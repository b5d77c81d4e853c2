"""Fitting a generator to a trace: quantiles of lengths and of gaps between arrivals, shared prefixes.

keeps: fitted on every second request, judged on the others; the distance is Kolmogorov-Smirnov's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlock.workloads.generator import Generator, Lengths, Sharing, generate
from interlock.workloads.quantiles import distance, quantiles
from interlock.workloads.requests import Requests

BANDS = 8  # of prompt lengths, each with its own answers


def fit(trace: Requests, *, id: str, title: str, sources: dict[str, Any]) -> Generator:  # noqa: A002
    """A generator whose lengths are fitted to the even requests, with its distance from the odd ones."""
    even, odd = slice(0, None, 2), slice(1, None, 2)
    gaps = np.diff(trace.arrival_s)
    shared = sharing(trace)
    by_prompt = np.array_split(trace.output[even][np.argsort(trace.prompt[even], kind="stable")], BANDS)
    made = Generator(
        id=id,
        title=title,
        rate=trace.rate,
        gap=Lengths(quantiles=tuple(quantiles(gaps[even] * 1e6))),
        prompt=Lengths(quantiles=tuple(quantiles(trace.prompt[even]))),
        outputs=tuple(Lengths(quantiles=tuple(quantiles(part))) for part in by_prompt),
        sharing=shared,
        distance={},
        sources=sources,
    )
    drawn = generate(made, len(trace), seed=1)
    found = {
        "prompt": distance(drawn.prompt, trace.prompt[odd]),
        "output": distance(drawn.output, trace.output[odd]),
        "total": distance(drawn.prompt + drawn.output, (trace.prompt + trace.output)[odd]),
        "gap": distance(np.diff(drawn.arrival_s), gaps[odd]),
    }
    if shared is not None:
        found["shared_share"] = distance(shared_share(drawn), shared_share(trace))
    return replace(made, distance={name: round(value, 4) for name, value in found.items()})


def matched_blocks(trace: Requests) -> NDArray[np.int64]:
    """Leading blocks of each request that an earlier one had, with a cache that forgets nothing."""
    seen = np.zeros(int(trace.prefix.max()) + 1 if trace.prefix.size else 1, dtype=bool)
    found = np.zeros(len(trace), dtype=np.int64)
    at = trace.prefix_at.tolist()
    for i in range(len(trace)):
        ids = trace.prefix[at[i] : at[i + 1]]
        known = seen[ids]
        found[i] = ids.size if known.all() else int(np.argmin(known))
        seen[ids] = True
    return found


def shared_share(trace: Requests) -> NDArray[np.float64]:
    """The share of each prompt's blocks that an earlier request had."""
    blocks = np.diff(trace.prefix_at)
    return np.where(blocks > 0, matched_blocks(trace) / np.maximum(blocks, 1), 0.0)


def sharing(trace: Requests) -> Sharing | None:
    """How prompts share prefixes: none, the trunk that all share, or the prompt of an earlier request."""
    if not trace.prefix.size:
        return None
    matched, blocks = matched_blocks(trace), np.diff(trace.prefix_at)
    some = blocks > 1
    first = trace.prefix[trace.prefix_at[:-1][blocks > 0]]
    trunk = np.bincount(first).argmax()
    rooted = np.zeros(len(trace), dtype=bool)
    rooted[blocks > 0] = first == trunk
    beyond = some & (matched > 1)
    return Sharing(
        block_tokens=trace.prefix_tokens,
        trunk_share=float(rooted[some].mean()),
        follow_share=float(beyond[some].mean()),
        followed=tuple(quantiles((matched / np.maximum(blocks, 1))[beyond])),
    )
