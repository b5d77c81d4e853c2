"""What clients were served over time: tokens weighted as a fair scheduler counts them, from first and last tokens.

idea:    a prompt counts when its first token comes, each further token as it comes, evenly between first and last.
source:  Sheng et al., OSDI 2024, section 3.1 (a prompt token 1, a token of an answer 2).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.workloads.requests import Requests

Floats = NDArray[np.float64]
PROMPT_WEIGHT: Final = 1.0
TOKEN_WEIGHT: Final = 2.0


def service(requests: Requests, first_s: Floats, last_s: Floats, times: Floats) -> Floats:
    """Weighted tokens that each client had been served by each time: (clients, times)."""
    found = np.zeros((len(requests.clients), times.size))
    long = np.maximum(last_s - first_s, 1e-9)
    for code in range(len(requests.clients)):
        for row in np.flatnonzero(requests.client == code):
            share = np.clip((times - first_s[row]) / long[row], 0.0, 1.0)
            begun = times >= first_s[row]
            made = 1.0 + share * (requests.output[row] - 1.0)
            found[code] += begun * (PROMPT_WEIGHT * requests.prompt[row] + TOKEN_WEIGHT * made)
    return found


def largest_gap(curves: Floats) -> float:
    """The most by which what one client got in any interval differs from what another did."""
    worst = 0.0
    for one in range(len(curves)):
        for other in range(one):
            between = curves[one] - curves[other]
            worst = max(worst, float(between.max() - between.min()))
    return worst
