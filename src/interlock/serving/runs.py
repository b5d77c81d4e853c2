"""One simulation as a value: what it depends on, doing it in whatever process, and the name of its result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

import interlock
from interlock.errors import InputError
from interlock.evidence.finished import key_of
from interlock.serving.clock import StepClock
from interlock.serving.deployment import Deployment
from interlock.serving.faults import Comings, always
from interlock.serving.faults import run as simulate
from interlock.serving.history import TRACE_ROWS, History, history
from interlock.serving.metrics import Metrics, measure
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, Outcome
from interlock.workloads.load import Load

Pace = Literal["likely", "fast", "slow"]
PACES: Final[tuple[Pace, ...]] = ("likely", "fast", "slow")
_ROOMS: Final = ("serving", "workloads")  # the source that a result stands on, beside the clock's tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the runs of a sweep share. `limits`: seconds that make a request good."""

    on: Deployment
    engine: Engine
    load: Load
    limits: Mapping[str, float]
    max_num_seqs: int = 256
    comes: Comings = always  # when replicas are there; what is not always stays in this process

    def clock(self, pace: Pace) -> StepClock | None:
        """The likely clock, or an end of its band; None where there is none."""
        found: StepClock | None = getattr(self.on.clocks, pace)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What tells the runs of a sweep apart."""

    policy: str
    rate: float | None = None
    seed: int = 0
    pace: Pace = "likely"
    history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a run found."""

    metrics: Metrics
    history: History | None = None


def outcome_of(
    setting: Setting, run: Run, trace_rows: int = 0, progress: Callable[[int, int], None] | None = None
) -> Outcome:
    """Simulate a run.

    Raises:
        InputError: a policy or requests that are refused.
        ValueError: an end of a band that is not known.
    """
    clock = setting.clock(run.pace)
    if clock is None:
        raise ValueError(f"no {run.pace} clock")
    return simulate(
        setting.load.at(run.rate, run.seed), replace(setting.engine, clock=clock),
        policy(run.policy, max_num_seqs=setting.max_num_seqs), setting.comes,
        trace_rows=trace_rows, seed=run.seed, progress=progress,
    )  # fmt: skip


def find(setting: Setting, run: Run, progress: Callable[[int, int], None] | None = None) -> Finding:
    """Simulate a run and measure it."""
    outcome = outcome_of(setting, run, TRACE_ROWS if run.history else 0, progress)
    return found_in(setting, run, outcome)


def found_in(setting: Setting, run: Run, outcome: Outcome) -> Finding:
    """What an outcome says."""
    metrics = measure(outcome, setting.on, setting.limits)
    return Finding(metrics=metrics, history=history(outcome) if run.history else None)


def name_of(setting: Setting, run: Run) -> str:
    """A key of everything that a run's result depends on."""
    clock = setting.clock(run.pace)
    assert clock is not None
    if setting.comes is not always:
        raise InputError("--resume", "replicas that come and go", "replicas that are always there")
    price = setting.on.price
    return key_of(
        {
            "run": asdict(run),
            "engine": _told(replace(setting.engine, clock=clock)),
            "chips": setting.on.chips,
            "usd_per_s": None if price is None else price.usd_per_s,
            "load": setting.load.identity,
            "limits": dict(setting.limits),
            "max_num_seqs": setting.max_num_seqs,
            "code": _code(),
        }
    )


def _told(value: Any) -> Any:
    """A value as plain data, columns as a hash of their bytes."""
    if is_dataclass(value):
        return {item.name: _told(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
    return [_told(item) for item in value] if isinstance(value, tuple | list) else value


@cache
def _code() -> str:
    told = hashlib.sha256()
    root = Path(interlock.__file__).parent
    for path in sorted(path for room in _ROOMS for path in (root / room).rglob("*.py")):
        told.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return told.hexdigest()
