"""The most that there was at once: requests under way, and tokens within a second.

departs: an answer's tokens are spread evenly from its first to its last.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from interlock.serving.passing import spread_evenly
from interlock.serving.simulation import Outcome

_MOST: Final = 10_000_000  # seconds that are looked at one by one


def most_under_way(outcome: Outcome) -> int:
    """The most requests that had arrived and not finished."""
    arrived = np.arange(1, len(outcome.requests) + 1)
    gone = np.searchsorted(np.sort(outcome.finish_s), outcome.arrival_s, side="right")
    return int(np.max(arrived - gone))


def most_in_a_second(outcome: Outcome) -> float:
    """The most output tokens of a whole second from the first arrival on."""
    begin, end = float(outcome.arrival_s[0]), float(np.max(outcome.finish_s))
    seconds = min(int(np.ceil(end - begin)), _MOST)
    edges = begin + np.arange(max(seconds, 1) + 1.0)
    return float(
        np.max(
            np.diff(
                spread_evenly(
                    outcome.first_s, outcome.finish_s, edges, outcome.requests.output * outcome.requests.samples
                )
            )
        )
    )
