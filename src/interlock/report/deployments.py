"""The deployments that a plan shows, each once, and their short names."""

from __future__ import annotations

from interlock.inference.estimate import Estimate
from interlock.search import Plan


def deployments(plan: Plan) -> tuple[Estimate, ...]:
    """The recommended deployment, then the rest of the front in its order."""
    found: dict[tuple[str, ...], Estimate] = {}
    for estimate in ((plan.recommended,) if plan.recommended else ()) + plan.front:
        found.setdefault(_key(estimate), estimate)
    return tuple(found.values())


def label(estimate: Estimate) -> str:
    """Short: "h100-sxm TP4, batch 32, fp8-e4m3/bf16/bf16"."""
    r = estimate.request
    return f"{r.chip.id} {r.parallelism.name}, batch {r.batch}, {formats(estimate)}"


def formats(estimate: Estimate) -> str:
    """Weights, activations and KV cache; one name where all three are the same."""
    s = estimate.request.scheme
    names = [s.weight.name, s.activation.name, s.kv.name]
    return names[0] if len(set(names)) == 1 else "/".join(names)


def _key(estimate: Estimate) -> tuple[str, ...]:
    r = estimate.request
    return r.chip.id, r.parallelism.name, str(r.batch), r.scheme.name
