"""What was asked, in words."""

from __future__ import annotations

from interlock.report.figures import plain
from interlock.search import Goals, Plan
from interlock.search.goals import OBJECTIVES
from interlock.units import show

_NAMES = {"ttft": "TTFT", "tpot": "TPOT", "latency": "latency", "power": "power", "max chips": "number of chips"}
_UNITS = {"ttft": "s", "tpot": "s", "latency": "s", "power": "W", "quality loss": "ratio"}


def question(plan: Plan) -> str:
    """One sentence: the workload, the objective, the limits."""
    extreme = "highest" if plan.goals.objective == "throughput" else "lowest"
    load = workload(plan.space.prompt, plan.space.output if plan.space.model.generates else None, plan.space.images)
    wanted = OBJECTIVES[plan.goals.objective]
    if not plan.space.model.generates:
        wanted = wanted.replace("output token", "request")
    return f"{load}. Wanted: the {extreme} {wanted}, with {limits(plan.goals)}."


def workload(prompt: float, output: float | None, images: float) -> str:
    """Tokens of a request."""
    parts = [f"{plain(prompt)} tokens in"]
    parts += [f"{plain(output)} tokens out"] if output is not None else []
    parts += [f"{plain(images)} images"] if images else []
    return "A request has " + ", ".join(parts)


def limits(goals: Goals) -> str:
    """The limits, the user's own first."""
    bounds = {"ttft": goals.ttft_s, "tpot": goals.tpot_s, "latency": goals.latency_s, "power": goals.power_w}
    bounds["quality loss"] = goals.max_quality_loss
    parts = [f"{limit_name(name)} at most {limit_value(name, value)}" for name, value in bounds.items() if value]
    parts += [f"{plain(goals.rate)} requests a second"] if goals.rate else []
    parts += [f"at most {limit_value('max chips', goals.max_chips)}"]
    parts += [] if goals.allow_spill else ["nothing spilled to a second memory"]
    return ", ".join(parts)


def limit_name(name: str) -> str:
    """A limit as a heading says it."""
    return _NAMES.get(name, name)


def limit_value(name: str, value: float) -> str:
    """A limit's value with its unit; the usable memory for what differs by chip."""
    if value != value:
        return "what is usable"
    if name == "max chips":
        return f"{value:.0f} chip{'' if value == 1 else 's'}"
    return show(value, _UNITS.get(name, ""))
