"""Running a simulation whose replicas fail: failures are drawn as far as the run turns out to go.

keeps: a run that outlasts the failures drawn for it is done again with twice as many, of which the first are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from interlock.errors import InputError, shown
from interlock.serving.engine import Engine
from interlock.serving.lives import ALWAYS, Lives, failures, widened
from interlock.serving.policy import Policy
from interlock.serving.simulation import Outcome, simulate
from interlock.units import parse
from interlock.workloads.requests import Requests

Comings = Callable[[Requests, float], Lives]  # when replicas come and go under a load, at least up to a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Mean times between failures of one replica and to its repair, seconds, and the seed."""

    mtbf_s: float
    mttr_s: float
    seed: int = 0

    def comings(self, replicas: int, start_up_s: float, stages: int = 1) -> Comings:
        """Failures of replicas that are `stages` lanes each."""

        def until(requests: Requests, until_s: float) -> Lives:
            each = failures(replicas, until_s, mtbf_s=self.mtbf_s, mttr_s=self.mttr_s, seed=self.seed,
                            start_up_s=start_up_s)  # fmt: skip
            return widened(each, stages)

        return until


def faults(text: str, where: str = "--faults") -> Faults:
    """Failure rates from "mtbf=6h,mttr=10min,seed=3".

    Raises:
        InputError: a part that is none of these, a time that is none or not above 0, or no mtbf.
    """
    found: dict[str, Any] = {"mttr_s": 600.0}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or name not in ("mtbf", "mttr", "seed"):
            raise InputError(where, shown(part), "mtbf, mttr and seed, such as mtbf=6h,mttr=10min,seed=3")
        if name == "seed":
            if not value.strip().isdigit():
                raise InputError(where, shown(part), "a whole number of 0 or more for seed")
            found["seed"] = int(value)
            continue
        found[f"{name}_s"] = parse(value.strip(), "s", where=where)
        if found[f"{name}_s"] <= 0:
            raise InputError(where, shown(part), "a time above 0")
    if "mtbf_s" not in found:
        raise InputError(where, shown(text), "a mean time between failures, such as mtbf=6h")
    return Faults(**found)


def always(requests: Requests, until_s: float) -> Lives:
    """Nothing ever happens."""
    return ALWAYS


def run(requests: Requests, engine: Engine, policy: Policy, comings: Comings = always, **how: Any) -> Outcome:
    """Simulate with replicas that come and go; `how` is passed on to `simulate`."""
    until_s = 2.0 * float(requests.arrival_s[-1]) + 60.0
    while True:
        lives = comings(requests, until_s)
        found = simulate(requests, replace(engine, lives=lives), policy, **how)
        ended = float(np.max(found.finish_s))
        if ended <= until_s or comings(requests, 2.0 * ended) == lives:
            return found
        until_s = 2.0 * ended
