"""A request rate: as many replicas as it needs, money and joules spread over what is really served, the wait in queues.

idea:    a deployment is paid for whether it is busy or not, so tokens cost more where the rate leaves it idle.
symbols: rho load of a replica; the wait for a first token is that of an M/D/1 queue, rho / (2 (1 - rho)) of a service.
departs: each replica is taken at the batch it is set to; arrivals in bursts belong to the serving simulator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from interlock.search.space import Floats, Priced

HIGHEST_LOAD: Final = 0.85  # of a replica's steady-state rate, so that queues stay short


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Figures of whole deployments under a rate; `units`: replicas, or groups that share experts, of each."""

    priced: Priced
    units: Floats


def under_rate(priced: Priced, rate: float | None, output: float) -> Loaded:
    """The figures of each candidate when it carries `rate` requests a second; as they are without a rate."""
    if rate is None:
        return Loaded(priced=priced, units=np.ones(priced.chips.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        units = np.ceil(rate / (priced.requests_per_s * HIGHEST_LOAD))
        rho = rate / (units * priced.requests_per_s)
        wait = rho / (2 * (1 - rho)) * priced.ttft
        served = rate * output
        dynamic = priced.joules - priced.static / priced.tokens_per_s
        joules = dynamic + priced.static * units / served
        loaded = replace(
            priced,
            chips=priced.chips * units,
            ttft=priced.ttft + wait,
            latency=priced.latency + wait,
            tokens_per_s=priced.tokens_per_s * units,
            requests_per_s=priced.requests_per_s * units,
            usd=priced.usd * priced.tokens_per_s * units / served,
            joules=joules,
            power=joules * served,
            static=priced.static * units,
        )
    return Loaded(priced=loaded, units=np.where(np.isfinite(units), units, 1.0))
