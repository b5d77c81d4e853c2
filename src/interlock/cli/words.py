"""Figures as words: what several commands say of a deployment."""

from __future__ import annotations

import math
from collections.abc import Mapping

from interlock.cli.show import heading, pairs, shell
from interlock.evidence import Source
from interlock.inference.estimate import Estimate
from interlock.models import Scheme
from interlock.report.launch import launch_command
from interlock.units import UNITS, show

Rows = list[tuple[str, str]]
_BASES = {"hourly": "hourly list rate", "purchase": "purchase over its life", "yours": "your price"}


def seconds(value: float) -> str:
    """A time with three digits."""
    return show(value, "s")


def usd(value: float | None) -> str:
    """Dollars with three digits."""
    return "unknown" if value is None else f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def count(value: float) -> str:
    """A number with thousands separated; three digits below a hundred."""
    if math.isnan(value):
        return "unknown"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def some(number: int, noun: str) -> str:
    """A count and what it counts: "1 chip", "8 chips"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def within(value: float | None, unit: str, quantity: str) -> str:
    """A number in one unit, for a column whose head names it; nothing where it is unknown."""
    return "" if value is None else count(value / UNITS[quantity][unit])


def sources(found: Mapping[str, Source]) -> None:
    """Where the fields of a chip or node come from."""
    heading("sources")
    pairs([(path, f"{source.kind.value}: {source.ref}") for path, source in found.items()])


def formats(scheme: Scheme) -> str:
    """Weight/activation/KV, as short as they can be told apart."""
    return "/".join(item.name.replace("-e4m3", "") for item in (scheme.weight, scheme.activation, scheme.kv))


def deployment(e: Estimate) -> str:
    """Chips and cut in a few words: "4 x h100-sxm (TP4)"."""
    p = e.request.parallelism
    chips = int(p.chips)
    return e.request.chip.id if chips == 1 else f"{chips} x {e.request.chip.id} ({p.name})"


def load(e: Estimate) -> str:
    """Tokens of a request."""
    r = e.request
    return f"{r.prompt:g} tokens in" + (f", {r.output:g} out" if r.model.generates else "")


def performance(e: Estimate) -> Rows:
    """The figures of one deployment, in the order people ask for them."""
    r = e.request
    rows = [
        ("stack", _stack(e)),
        ("formats", f"{formats(r.scheme)} (weights/activations/KV), batch {r.batch} a replica"),
        ("cost", _cost(e)),
    ]
    if r.model.generates:
        rows += [
            ("first token", f"TTFT {seconds(e.ttft_s)}{_band(e, 'ttft_s')}"),
            ("each token", f"TPOT {seconds(e.tpot_s)}{_band(e, 'tpot_s')}"),
            ("request", f"{seconds(e.latency_s)}{_band(e, 'latency_s')}"),
            ("throughput", f"{_tokens(e)}, {count(e.requests_per_s)} requests/s"),
        ]
    else:
        latency = f"{seconds(e.latency_s)}{_band(e, 'latency_s')}"
        rows.append(("latency", f"{latency}; {count(e.requests_per_s)} requests/s"))
    return [*rows, ("energy", _energy(e)), ("memory", _memory(e))]


def evidence(e: Estimate) -> str:
    """What the times stand on, family by family, and the weakest class of all that was used."""
    by_basis: dict[str, list[str]] = {}
    for family, basis in e.bases.items():
        by_basis.setdefault(basis, []).append(family)
    said = [f"{', '.join(families)}: {basis}" for basis, families in by_basis.items()]
    return "; ".join([*said, f"weakest of all inputs: {e.evidence.value}"])


def _stack(e: Estimate) -> str:
    """What serves, and what it makes of the kernels' time."""
    stack, step = e.request.served, "a decode step" if e.request.model.generates else "a step"
    if stack.name == "ideal" or math.isnan(e.overhead_s):
        return f"{stack.name} ({stack.note})"
    size = seconds(abs(e.overhead_s))
    added = f"adds {size} to {step}" if e.overhead_s >= 0 else f"takes {size} off {step}"
    first = f", {seconds(stack.first_s)} to a first token" if stack.first_s else ""
    known = "" if stack.chips else "; not measured, so the bands are those of kernels"
    return f"{stack.name} ({stack.note}): {added}{first}{known}"


def _tokens(e: Estimate) -> str:
    if e.bands is None:
        return f"{count(e.tokens_per_s)} tokens/s"
    low, high = e.bands.tokens_per_s
    return f"{count(e.tokens_per_s)} tokens/s ({count(low)} to {count(high)})"


def _band(e: Estimate, figure: str) -> str:
    if e.bands is None:
        return ""
    low, high = getattr(e.bands, figure)
    return f" ({seconds(low)} to {seconds(high)}, 90 %)"


def start(e: Estimate) -> Rows:
    """The command that starts a deployment, and what to know before running it; nothing where none is known."""
    launch = launch_command(e)
    if launch is None:
        return []
    return [("start", shell(launch.command)), *([("", launch.note)] if launch.note else [])]


def _cost(e: Estimate) -> str:
    if e.price is None:
        return f"unknown: no price for {e.request.chip.id}; give --price {e.request.chip.id}=USD_PER_HOUR"
    each = f"{e.price.usd_per_s / UNITS['USD/s']['USD/h']:.3g} USD/h a chip, {_BASES[e.price.basis]}"
    if e.usd_per_million_tokens is None:
        return f"unknown ({each})"
    per = "output tokens" if e.request.model.generates else "requests"
    return f"{usd(e.usd_per_million_tokens)} USD per million {per} ({each})"


def _energy(e: Estimate) -> str:
    if e.joules_per_token is None:
        return "unknown" if e.request.chip.tdp else "unknown (board power not published)"
    unit = "token" if e.request.model.generates else "request"
    return f"{count(e.joules_per_token)} J per {unit}, {show(e.power_w, 'W')} for all chips"


def _memory(e: Estimate) -> str:
    """The memory plan of the fullest chip."""
    parts = [
        f"weights {show(e.weights_bytes, 'B')}",
        f"KV {show(e.kv_bytes, 'B')}",
        f"activations {show(e.activation_bytes, 'B')}",
        f"spilled {show(e.spilled_bytes, 'B')}" if e.spilled_bytes else f"free {show(e.free_bytes, 'B')}",
    ]
    return f"{', '.join(parts)}, of {show(e.usable_bytes, 'B')} usable a chip"
