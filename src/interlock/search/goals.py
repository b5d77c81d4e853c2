"""What a plan must meet and what it should be best at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from interlock.errors import InputError
from interlock.search.loss import BASES, Basis

Objective = Literal["cost", "throughput", "ttft", "tpot", "energy"]

OBJECTIVES: Final[dict[Objective, str]] = {
    "cost": "US dollars per million output tokens",
    "throughput": "output tokens a second for each chip",
    "ttft": "time to first token",
    "tpot": "time per output token",
    "energy": "joules per output token",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """Limits (None: no limit) and the objective.

    `rate`: requests a second that the deployment must carry. `max_quality_loss`: a share of perplexity, and
    `quality_basis` which evidence of it counts.
    """

    objective: Objective = "cost"
    ttft_s: float | None = None
    tpot_s: float | None = None
    latency_s: float | None = None
    max_chips: int = 8
    rate: float | None = None
    power_w: float | None = None
    allow_spill: bool = True
    max_quality_loss: float | None = None
    quality_basis: Basis = "published"

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise InputError("--objective", repr(self.objective), f"one of {', '.join(OBJECTIVES)}")
        for name in ("ttft_s", "tpot_s", "latency_s", "rate", "power_w"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"--{name.split('_')[0]}", repr(value), "a quantity greater than zero")
        if not 1 <= self.max_chips <= 10_000_000:
            raise InputError("--max-chips", repr(self.max_chips), "a whole number from 1 to 10000000")
        if self.max_quality_loss is not None and not 0 < self.max_quality_loss <= 1:
            raise InputError("--max-quality-loss", repr(self.max_quality_loss), "more than 0 and at most 1 (100 %)")
        if self.quality_basis not in BASES:
            raise InputError("--quality-basis", repr(self.quality_basis), f"one of {', '.join(BASES)}")
