"""One measured run, replayed: its own requests through the simulator, its figures beside the measured ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.serving.metrics import latencies
from interlock.serving.policy import Policy
from interlock.serving.simulation import Engine, Outcome, simulate
from interlock.workloads.requests import Requests

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One figure of one run. `knows` says what of the run, or of its like, the prediction had seen; "" for nothing."""

    set_name: str
    run: str
    clock: str
    knows: str
    figure: str
    measured: float
    predicted: float

    @property
    def error_ratio(self) -> float:
        """Signed: predicted over measured, less one."""
        return self.predicted / self.measured - 1.0


def replay(requests: Requests, engine: Engine, policy: Policy) -> tuple[Outcome, dict[str, Floats]]:
    """Serve the requests; columns of TTFT, TPOT and end-to-end latency in order of arrival."""
    outcome = simulate(requests, engine, policy)
    return outcome, latencies(outcome)


def spread_of(columns: Mapping[str, Floats]) -> dict[str, float]:
    """Mean, median and 99th percentile of each column, by names such as "ttft_mean"."""
    found: dict[str, float] = {}
    for name, column in columns.items():
        known = column[np.isfinite(column)]
        found[f"{name}_mean"] = float(known.mean())
        found[f"{name}_p50"], found[f"{name}_p99"] = (float(value) for value in np.percentile(known, (50, 99)))
    return found


def beside(
    set_name: str, run: str, clock: str, knows: str, measured: Mapping[str, float], predicted: Mapping[str, float]
) -> list[Beside]:
    """All figures that both have."""
    return [
        Beside(
            set_name=set_name, run=run, clock=clock, knows=knows, figure=figure, measured=value,
            predicted=predicted[figure],
        )
        for figure, value in measured.items()
        if figure in predicted
    ]  # fmt: skip


def mean_error(rows: list[Beside], figure: str) -> float:
    """Mean of the absolute errors of one figure; nan where there is none."""
    errors = [abs(row.error_ratio) for row in rows if row.figure == figure]
    return float(np.mean(errors)) if errors else float("nan")
