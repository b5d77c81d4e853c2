"""The 90 % band of a deployment's figures, and what its seconds stand on.

idea:    at either end the farther of two: that of its kernels, and that which whole runs of its stack had. Runs were
         measured on few chips; kernels of chips that were never measured may be farther off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from interlock.cost.run_band import run_ends
from interlock.inference.request import Request
from interlock.inference.service import Service
from interlock.operators import Array

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Ends of 90 % bands, the lower first, in SI units."""

    ttft_s: Ends
    tpot_s: Ends
    latency_s: Ends
    tokens_per_s: Ends


def bands_of(request: Request, service: Service, replicas: float) -> Bands | None:
    """The bands of a deployment; None where they are not known."""
    if not np.isfinite(_number(service.slowest.latency)):
        return None
    stack, chip = request.served, request.chip.id
    pace = "tpot" if request.model.generates else "latency"
    slow, fast = _farther(service, "tokens_per_s", run_ends(stack, chip, f"request-{pace}"), rate=True)
    return Bands(
        ttft_s=_farther(service, "ttft", run_ends(stack, chip, "request-ttft")),
        tpot_s=_farther(service, "tpot", run_ends(stack, chip, "request-tpot")),
        latency_s=_farther(service, "latency", run_ends(stack, chip, "request-latency")),
        tokens_per_s=(slow * replicas, fast * replicas),
    )


def _farther(service: Service, figure: str, runs: Ends | None, *, rate: bool = False) -> Ends:
    value, *kernels = (_number(getattr(part, figure)) for part in (service, service.fastest, service.slowest))
    low, high = (1.0, 1.0) if runs is None else (1.0 / runs[1], 1.0 / runs[0]) if rate else runs
    return min(*kernels, value * low), max(*kernels, value * high)


def bases_of(service: Service) -> Mapping[str, str]:
    """For each family of operators what its seconds stand on, in words."""
    both = [cost for cost in (service.prefill, service.decode) if cost is not None]
    found: dict[str, str] = {}
    for cost in both:
        for family, basis in cost.bases.items():
            found[family] = str(basis) if family not in found else found[family]
    return dict(sorted(found.items()))


def _number(value: Array) -> float:
    return float(np.asarray(value))
