"""Flags of `interlock simulate` that say when replicas fail, come and go."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cyclopts import Parameter

from interlock.errors import InputError, shown
from interlock.serving.deployment import Deployment
from interlock.serving.faults import Comings, always, faults
from interlock.serving.lives import availability, widened
from interlock.serving.scaling import scaling
from interlock.units import parse


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class FaultFlags:
    """When replicas are there."""

    faults: str | None = None
    """Replicas fail and are repaired: mtbf=6h,mttr=10min,seed=3, both times exponential."""
    availability: Path | None = None
    """A CSV file of how many replicas there are: time_s,replicas, a row a change."""
    autoscale: str | None = None
    """Replicas follow the load, up to --replicas: rate=4,window=60s,period=15s,hold=5min,least=1 (rate: of one)."""
    grace: str = "0s"
    """Notice that a replica of --availability gets before it goes, such as 30s."""
    start_up: str | None = None
    """From a replica's coming to its serving; the time to load its weights from the host if absent."""

    def comings(self, on: Deployment) -> Comings:
        """When the replicas of a deployment are there."""
        start = on.load_s if self.start_up is None else parse(self.start_up, "s", where="--start-up")
        grace = parse(self.grace, "s", where="--grace")
        if start < 0 or grace < 0:
            raise InputError("--grace" if grace < 0 else "--start-up", "a time below 0", "0s or more")
        replicas = int(np.asarray(on.parallelism.data))
        stages = on.lanes // replicas
        given = [name for name in ("faults", "availability", "autoscale") if getattr(self, name) is not None]
        if len(given) > 1:
            raise InputError(f"--{given[1]}", f"--{given[0]} as well", "one of the two")
        if self.faults is not None:
            return faults(self.faults).comings(replicas, start, stages)
        if self.availability is not None:
            times, counts = _trace(self.availability)
            lives = widened(availability(times, counts, replicas, grace_s=grace, start_up_s=start), stages)
            return lambda requests, until_s: lives
        if self.autoscale is not None:
            rule = scaling(self.autoscale)
            if rule.least > replicas:
                raise InputError("--autoscale", f"least={rule.least}", f"at most the {replicas} of --replicas")
            return lambda requests, until_s: widened(rule.lives(requests.arrival_s, replicas, start), stages)
        return always


def _trace(path: Path) -> tuple[list[float], list[int]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("--availability", f"{path}: {error}", "a CSV file that can be read") from None
    times: list[float] = []
    counts: list[int] = []
    for number, row in enumerate(rows, start=2):
        try:
            times.append(float(row["time_s"]))
            counts.append(int(row["replicas"]))
        except (KeyError, TypeError, ValueError):
            raise InputError(str(path), f"line {number}: {shown(dict(row))}", "columns time_s,replicas") from None
    if not np.all(np.isfinite(times)):
        raise InputError(str(path), "a time that is no number", "seconds")
    return times, counts
