"""What is foreseen of requests before they are served: predicted answers, and the tokens set aside for them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.serving.engine import Engine
from interlock.serving.policy import Policy
from interlock.workloads.requests import Requests

_MOST: Final = 2**30  # tokens of one request, which compiled records keep in 32 bits


def expected_outputs(requests: Requests, policy: Policy) -> NDArray[np.int64]:
    """Answer lengths as a predictor with log-normal error of the given spread sees them."""
    order = policy.order
    if order.predictor_error == 0:
        return requests.output
    noise = np.random.default_rng(order.seed).normal(0.0, order.predictor_error, len(requests))
    return np.maximum(np.rint(requests.output * np.exp(noise)), 1).astype(np.int64)


def reserved_tokens(requests: Requests, policy: Policy, engine: Engine) -> NDArray[np.int64]:
    """Tokens set aside for each request when it is let in, at least its prompt and one more."""
    kinds: dict[str, Any] = {
        "prompt": requests.prompt,
        "longest": np.full(len(requests), min(engine.longest, _MOST)),
        "predicted": np.minimum(requests.prompt + expected_outputs(requests, policy), most(policy, engine)),
        "exact": requests.prompt + requests.output,
    }
    least: NDArray[np.int64] = np.maximum(kinds[policy.memory.reserve], requests.prompt + 1).astype(np.int64)
    return least


def most(policy: Policy, engine: Engine) -> int:
    """Tokens of the longest sequence that every replica can hold."""
    block = policy.memory.block
    return min(engine.longest, *(group.kv_tokens // block * block for group in engine.groups), _MOST)
