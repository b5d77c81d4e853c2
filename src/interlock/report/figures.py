"""The figures of an estimate that reports show: which, under which title, and how people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interlock.models import Model
from interlock.units import show


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A key of `estimate_record`, with a title and a unit; "" is a number without one."""

    key: str
    title: str
    unit: str = ""
    more_is_better: bool = False

    def text(self, value: float | None) -> str:
        """The value as people read it."""
        if value is None:
            return "unknown"
        return show(value, self.unit) if self.unit else plain(value)


_TTFT: Final = Figure(key="ttft_s", title="TTFT", unit="s")
_TPOT: Final = Figure(key="tpot_s", title="TPOT", unit="s")
_LATENCY: Final = Figure(key="latency_s", title="Latency", unit="s")
_POWER: Final = Figure(key="power_w", title="Power", unit="W")
_FREE: Final = Figure(key="free_bytes", title="Free memory per chip", unit="B", more_is_better=True)

GENERATING: Final = (
    _TTFT,
    _TPOT,
    _LATENCY,
    Figure(key="tokens_per_s", title="Tokens/s", more_is_better=True),
    Figure(key="tokens_per_s_per_chip", title="Tokens/s per chip", more_is_better=True),
    Figure(key="usd_per_million_output_tokens", title="USD per 1M tokens"),
    Figure(key="joules_per_output_token", title="Energy per token", unit="J"),
    _POWER,
    _FREE,
)
ENCODING: Final = (
    _LATENCY,
    Figure(key="requests_per_s", title="Requests/s", more_is_better=True),
    Figure(key="requests_per_s_per_chip", title="Requests/s per chip", more_is_better=True),
    Figure(key="usd_per_million_requests", title="USD per 1M requests"),
    Figure(key="joules_per_request", title="Energy per request", unit="J"),
    _POWER,
    _FREE,
)


def figures_of(model: Model) -> tuple[Figure, ...]:
    """What to show for a model: tokens where it generates, requests where it does not."""
    return GENERATING if model.generates else ENCODING


def plain(value: float) -> str:
    """A number with three digits, without an exponent where people would not use one."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e9 else f"{value:.3g}"
