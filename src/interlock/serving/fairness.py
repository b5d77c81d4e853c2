"""What each client has been served by when, and how far clients are apart.

source:  Sheng et al., Fairness in Serving Large Language Models, OSDI 2024: service counts weighted tokens of prompts
         and of answers; the largest difference between two clients while both are backlogged is what is bounded.
departs: a client is backlogged in a span of time if on average at least one of its requests waits; an answer's tokens
         are spread evenly from its first to its last; a prompt counts when its first token is there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.serving.passing import Floats, happened, mean_under_way, spread_evenly
from interlock.serving.simulation import Outcome

SPANS: Final = 200
LONGEST: Final = 2.0  # times what arrivals take: a queue that only then empties is not looked at to its end
CLIENTS: Final = 8  # the largest of them


def edges_of(outcome: Outcome, longest: float = np.inf) -> Floats:
    """Equal spans from the first arrival to the last token, or to so many times the time that arrivals take."""
    begin, end = float(outcome.arrival_s[0]), float(np.max(outcome.finish_s))
    span = float(outcome.arrival_s[-1]) - begin
    if span > 0:
        end = min(end, begin + longest * span)
    return np.linspace(begin, max(end, begin + 1e-9), SPANS + 1)


def service(outcome: Outcome, edges: Floats) -> dict[str, Floats]:
    """Weighted tokens of each client up to each edge."""
    requests, order = outcome.requests, outcome.policy.order
    found = {}
    grouped = np.argsort(requests.client, kind="stable")
    starts = np.searchsorted(requests.client[grouped], np.arange(len(requests.clients) + 1))
    for code, name in enumerate(requests.clients):
        mine = grouped[starts[code] : starts[code + 1]]
        if mine.size:
            prompts = happened(outcome.first_s[mine], edges, order.prompt_weight * requests.prompt[mine])
            answers = order.token_weight * (requests.output * requests.samples)[mine]
            found[name] = prompts + spread_evenly(outcome.first_s[mine], outcome.finish_s[mine], edges, answers)
    return found


def service_gap(outcome: Outcome) -> float | None:
    """The largest difference of service between two of the largest clients, over any time in which both have requests
    waiting; None for one client.
    """
    requests = outcome.requests
    if len(requests.clients) < 2:
        return None
    edges = edges_of(outcome, LONGEST)
    every = service(outcome, edges)
    largest = sorted(every, key=lambda name: -every[name][-1])[:CLIENTS]
    codes = [requests.clients.index(name) for name in largest]
    waits = [
        mean_under_way(outcome.arrival_s[mine], outcome.admitted_s[mine], edges) >= 1.0
        for mine in (requests.client == code for code in codes)
    ]
    return max(
        _widest(every[one] - every[other], waits[i] & waits[i + 1 + j])
        for i, one in enumerate(largest)
        for j, other in enumerate(largest[i + 1 :])
    )


def _widest(ahead: Floats, both: NDArray[np.bool_]) -> float:
    """How far a lead, known at the edges of spans, changes within unbroken runs of spans."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], both.astype(int), [0]])))
    runs = zip(ends[::2], ends[1::2], strict=True)
    return max((float(np.ptp(ahead[begin : end + 1])) for begin, end in runs), default=0.0)
