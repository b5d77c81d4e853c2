"""Results as plain data: flat dictionaries in SI units, ready for JSON.

keeps: a key names its unit; None where a number is unknown or does not apply; the order of keys never changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from interlock.evidence import Source
from interlock.inference.estimate import Estimate
from interlock.inference.explanation import Explanation, Lever, Line
from interlock.report.deployments import deployments
from interlock.report.launch import launch_command
from interlock.report.quality import quality_record
from interlock.report.trials import trials_record
from interlock.search import Plan
from interlock.search.goals import Goals

Record = dict[str, Any]

LIMITS: Final = {
    "ttft": "ttft_s",
    "tpot": "tpot_s",
    "latency": "latency_s",
    "power": "power_w",
    "max chips": "max_chips",
    "quality loss": "max_quality_loss_ratio",
}  # the name of a limit in a plan, and its key here


def estimate_record(estimate: Estimate) -> Record:
    """One deployment; `command` starts it, where an engine is known that runs on its chip."""
    launch = launch_command(estimate)
    return {
        **_request(estimate),
        "feasible": estimate.feasible,
        **_times(estimate),
        **_bands(estimate),
        **_costs(estimate),
        "stack_overhead_s": _known(estimate.overhead_s),
        "weights_bytes": _known(estimate.weights_bytes),
        "kv_bytes": _known(estimate.kv_bytes),
        "activation_bytes": _known(estimate.activation_bytes),
        "free_bytes": _known(estimate.free_bytes),
        "usable_bytes": _known(estimate.usable_bytes),
        "capacity_bytes": _known(estimate.capacity_bytes),
        "spilled_bytes": _known(estimate.spilled_bytes),
        "command": launch.command if launch else None,
        "command_note": launch.note if launch else None,
        "evidence": str(estimate.evidence),
        "times_stand_on": dict(estimate.bases),
        "sources": source_records(estimate.sources),
        "problems": list(estimate.problems),
        "notes": list(estimate.notes),
    }


def explanation_record(explanation: Explanation) -> Record:
    """A deployment, its operators phase by phase, and what would help."""
    return {
        "estimate": estimate_record(explanation.estimate),
        "operators": [line_record(line) for line in explanation.lines],
        "levers": [_lever(lever, explanation.estimate.request.model.generates) for lever in explanation.levers],
    }


def plan_record(plan: Plan) -> Record:
    """A plan: the question, the answer, and what else was found."""
    space = plan.space
    return {
        "model": space.model.name,
        "prompt_tokens": _known(space.prompt),
        "output_tokens": _known(space.output) if space.model.generates else None,
        "images": _known(space.images),
        "routing_skew": _known(space.skew),
        "objective": plan.goals.objective,
        "limits": _limits(plan.goals),
        "candidates": plan.candidates,
        "feasible": plan.feasible,
        "recommended": estimate_record(plan.recommended) if plan.recommended else None,
        "preferred": plan.preferred or None,
        "binding": plan.binding or None,
        "front": [estimate_record(estimate) for estimate in deployments(plan)],
        "runners": [
            {
                "chip": runner.chip,
                "why": runner.why,
                "objective_ratio": _known(runner.ratio),
                "tied": runner.tied,
                "estimate": estimate_record(runner.estimate) if runner.estimate else None,
            }
            for runner in plan.runners
        ],
        "relaxations": [
            {
                "limit": LIMITS.get(item.limit, item.limit),
                "value": _known(item.value),
                "objective_ratio": _known(item.ratio),
                "example": estimate_record(item.example),
            }
            for item in plan.relaxations
        ],
        "quality": [quality_record(offer) for offer in space.offers],
        "simulated": trials_record(plan.trials),
        "missing": list(plan.missing),
        "notes": list(plan.notes),
    }


def line_record(line: Line) -> Record:
    """One operator in one phase, over all its repeats, on one chip."""
    return {
        "phase": line.phase,
        "block": line.block,
        "operator": line.operator,
        "count": _known(line.count),
        "time_s": _known(line.time_s),
        "share_ratio": _known(line.share),
        "bound": line.bound,
        "work_flop": _known(line.flop),
        "moved_bytes": _known(line.bytes),
        "energy_j": _known(line.joules),
    }


def source_records(sources: Iterable[Source]) -> list[Record]:
    """Sources, each once."""
    return [{"kind": str(item.kind), "ref": item.ref, "note": item.note} for item in dict.fromkeys(sources)]


def _request(estimate: Estimate) -> Record:
    r = estimate.request
    return {
        "model": r.model.name,
        "prompt_tokens": _known(r.prompt),
        "output_tokens": _known(r.output) if r.model.generates else None,
        "images": _known(r.images),
        "routing_skew": _known(r.skew),
        "stack": r.served.name,
        "chip": r.chip.id,
        "chips": _count(r.parallelism.chips),
        "tensor_parallel_size": _count(r.parallelism.tensor),
        "pipeline_parallel_size": _count(r.parallelism.pipeline),
        "expert_parallel_size": _count(r.parallelism.expert),
        "data_parallel_size": _count(r.parallelism.data),
        "sequence_parallel": r.parallelism.sequence,
        "weight_format": r.scheme.weight.name,
        "activation_format": r.scheme.activation.name,
        "kv_cache_dtype": r.scheme.kv.name,
        "max_num_seqs": r.batch,
    }


def _times(estimate: Estimate) -> Record:
    chips = _count(estimate.request.parallelism.chips)
    generates = estimate.request.model.generates
    tokens, requests = _known(estimate.tokens_per_s), _known(estimate.requests_per_s)
    tokens = tokens if generates else None
    return {
        "ttft_s": _known(estimate.ttft_s),
        "tpot_s": _known(estimate.tpot_s) if generates else None,
        "latency_s": _known(estimate.latency_s),
        "tokens_per_s": tokens,
        "tokens_per_s_per_chip": None if tokens is None else tokens / chips,
        "requests_per_s": requests,
        "requests_per_s_per_chip": None if requests is None else requests / chips,
    }


def _bands(estimate: Estimate) -> Record:
    """Ends of 90 % bands, the lower first; None where there is no band."""
    bands, generates = estimate.bands, estimate.request.model.generates
    return {
        "ttft_band_s": list(bands.ttft_s) if bands else None,
        "tpot_band_s": list(bands.tpot_s) if bands and generates else None,
        "latency_band_s": list(bands.latency_s) if bands else None,
        "tokens_per_s_band": list(bands.tokens_per_s) if bands and generates else None,
    }


def _costs(estimate: Estimate) -> Record:
    """Money and energy, for an output token and for a request; the estimate's are a request's for encoders."""
    model, output = estimate.request.model, estimate.request.output
    usd, joules = _known(estimate.usd_per_million_tokens), _known(estimate.joules_per_token)
    per_request = output if model.generates else 1.0
    return {
        "usd_per_million_output_tokens": usd if model.generates else None,
        "usd_per_million_requests": None if usd is None else usd * per_request,
        "usd_per_chip_s": estimate.price.usd_per_s if estimate.price else None,
        "price_basis": estimate.price.basis if estimate.price else None,
        "joules_per_output_token": joules if model.generates else None,
        "joules_per_request": None if joules is None else joules * per_request,
        "power_w": _known(estimate.power_w),
    }


def _limits(goals: Goals) -> Record:
    return {
        "ttft_s": goals.ttft_s,
        "tpot_s": goals.tpot_s,
        "latency_s": goals.latency_s,
        "power_w": goals.power_w,
        "requests_per_s": goals.rate,
        "max_chips": goals.max_chips,
        "spill_allowed": goals.allow_spill,
        "max_quality_loss_ratio": goals.max_quality_loss,
        "quality_basis": goals.quality_basis if goals.max_quality_loss is not None else None,
    }


def _lever(lever: Lever, generates: bool) -> Record:
    return {
        "name": lever.name,
        "ttft_s": _known(lever.ttft_s),
        "tpot_s": _known(lever.tpot_s) if generates else None,
        "tokens_per_s" if generates else "requests_per_s": _known(lever.tokens_per_s),
        "speedup_ratio": _known(lever.speedup),
    }


def _known(value: object) -> float | None:
    """A float, or None for what JSON cannot say."""
    number = math.nan if value is None else float(np.asarray(value))
    return number if math.isfinite(number) else None


def _count(value: object) -> int:
    return int(np.asarray(value))
