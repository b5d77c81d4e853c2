"""Simulated figures under the names, and in the units, of two benchmarks of running engines.

source: the result file of `vllm bench serve --save-result`, and AIPerf's schema of `profile_export_aiperf.json`: a
        block of statistics and a unit for each metric; blocks of single numbers have `avg` alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from interlock.serving.metrics import Metrics
from interlock.serving.spread import PERCENTILES, Spread

LATENCIES: Final = ("ttft", "tpot", "itl", "e2el")
_VLLM: Final = ("p25", "p50", "p75", "p90", "p95", "p99")


def vllm_record(m: Metrics) -> dict[str, Any]:
    """The figures under the names of `vllm bench serve --save-result`."""
    record: dict[str, Any] = {
        "duration": m.duration_s,
        "completed": m.completed,
        "failed": 0,
        "num_prompts": m.completed,
        "total_input_tokens": m.prompt_tokens,
        "total_output_tokens": m.output_tokens,
        "request_throughput": m.request_throughput,
        "request_goodput": m.request_goodput,
        "output_throughput": m.output_throughput,
        "total_token_throughput": m.total_token_throughput,
        "max_output_tokens_per_s": m.peak_output_throughput,
        "max_concurrent_requests": m.peak_requests,
    }
    for name in LATENCIES:
        spread: Spread = getattr(m, name)
        record |= {
            f"mean_{name}_ms": _ms(spread.mean),
            f"median_{name}_ms": _ms(spread.p50),
            f"std_{name}_ms": _ms(spread.std),
            **{f"{part}_{name}_ms": _ms(getattr(spread, part)) for part in _VLLM},
        }
    return record


def aiperf_record(m: Metrics) -> dict[str, Any]:
    """The figures as AIPerf's JSON export has them."""
    record: dict[str, Any] = {
        "request_throughput": {"unit": "requests/sec", "avg": m.request_throughput},
        "output_token_throughput": {"unit": "tokens/sec", "avg": m.output_throughput},
        "total_token_throughput": {"unit": "tokens/sec", "avg": m.total_token_throughput},
        "request_count": {"unit": "requests", "avg": m.completed},
        "benchmark_duration": {"unit": "sec", "avg": m.duration_s},
        "total_isl": {"unit": "tokens", "avg": m.prompt_tokens},
        "total_osl": {"unit": "tokens", "avg": m.output_tokens},
    }
    if m.request_goodput is not None:
        record["goodput"] = {"unit": "requests/sec", "avg": m.request_goodput}
    return record | {
        "time_to_first_token": _block(m.ttft, "ms", _ms),
        "inter_token_latency": _block(m.tpot, "ms", _ms),
        "request_latency": _block(m.e2el, "ms", _ms),
        "input_sequence_length": _block(m.input_tokens, "tokens", _known),
        "output_sequence_length": _block(m.output_lengths, "tokens", _known),
        "output_token_throughput_per_user": _block(m.user_pace, "tokens/sec/user", _known),
    }


def _block(spread: Spread, unit: str, scaled: Callable[[float], float | None]) -> dict[str, Any]:
    """All statistics; the deviation is that of a sample."""
    names = {"low": "min", "high": "max"}
    n = spread.count
    return {
        "unit": unit,
        "avg": scaled(spread.mean),
        **{names.get(part, part): scaled(getattr(spread, part)) for part in PERCENTILES},
        "std": scaled(spread.std * math.sqrt(n / (n - 1)) if n > 1 else math.nan),
        "count": n,
        "sum": scaled(spread.mean * n),
    }


def _ms(seconds: float) -> float | None:
    return seconds * 1e3 if math.isfinite(seconds) else None


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
