"""The 90 % band of a deployment's figures, and what its seconds stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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


def bands_of(service: Service, replicas: float) -> Bands | None:
    """The bands of a deployment; None where they are not known."""
    fast, slow = service.fastest, service.slowest
    if not np.isfinite(_number(slow.latency)):
        return None
    return Bands(
        ttft_s=(_number(fast.ttft), _number(slow.ttft)),
        tpot_s=(_number(fast.tpot), _number(slow.tpot)),
        latency_s=(_number(fast.latency), _number(slow.latency)),
        tokens_per_s=(_number(slow.tokens_per_s) * replicas, _number(fast.tokens_per_s) * replicas),
    )


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
