"""Simulated figures under the names, and in the units, of two benchmarks of running engines."""

from __future__ import annotations

import math
from typing import Any, Final

from interlock.serving.metrics import Metrics, Spread

LATENCIES: Final = ("ttft", "tpot", "itl", "e2el")


def vllm_record(m: Metrics) -> dict[str, Any]:
    """The figures under the names of `vllm bench serve --save-result`."""
    record: dict[str, Any] = {
        "duration": m.duration_s,
        "completed": m.completed,
        "failed": 0,
        "total_input_tokens": m.prompt_tokens,
        "total_output_tokens": m.output_tokens,
        "request_throughput": m.request_throughput,
        "output_throughput": m.output_throughput,
        "total_token_throughput": m.total_token_throughput,
    }
    if m.request_goodput is not None:
        record["request_goodput"] = m.request_goodput
    for name in LATENCIES:
        spread: Spread = getattr(m, name)
        record |= {
            f"mean_{name}_ms": _ms(spread.mean),
            f"median_{name}_ms": _ms(spread.p50),
            f"std_{name}_ms": _ms(spread.std),
            f"p90_{name}_ms": _ms(spread.p90),
            f"p99_{name}_ms": _ms(spread.p99),
        }
    return record


_AIPERF: Final = {
    "time_to_first_token": "ttft",
    "inter_token_latency": "tpot",
    "request_latency": "e2el",
}


def aiperf_record(m: Metrics) -> dict[str, Any]:
    """The figures as AIPerf's JSON export has them: a block of statistics and a unit for each metric."""
    record: dict[str, Any] = {
        "request_throughput": {"unit": "requests/sec", "avg": m.request_throughput},
        "output_token_throughput": {"unit": "tokens/sec", "avg": m.output_throughput},
        "request_count": {"unit": "requests", "avg": m.completed},
        "benchmark_duration": {"unit": "sec", "avg": m.duration_s},
    }
    if m.request_goodput is not None:
        record["goodput"] = {"unit": "requests/sec", "avg": m.request_goodput}
    for title, name in _AIPERF.items():
        spread: Spread = getattr(m, name)
        record[title] = {
            "unit": "ms",
            **{key: _ms(getattr(spread, field)) for key, field in
               (("avg", "mean"), ("std", "std"), ("p50", "p50"), ("p90", "p90"), ("p99", "p99"))},
        }  # fmt: skip
    return record


def _ms(seconds: float) -> float | None:
    return seconds * 1e3 if math.isfinite(seconds) else None
