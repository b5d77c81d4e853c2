"""One deployment, estimated: the numbers, what limits them, and the weakest evidence they stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.cost.chips import substitute
from interlock.cost.money import ChipPrice, chip_price
from interlock.cost.parameters import achieved, energy_sources
from interlock.evidence import Evidence, Source, weakest
from interlock.hardware import Chip
from interlock.inference.band import Bands, bands_of, bases_of
from interlock.inference.request import Request, check_request
from interlock.inference.service import Service, serve
from interlock.models import Formats, Model, Scheme

_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One deployment under load; SI units, None or nan where unknown. `problems`: why it would not run, if so."""

    request: Request
    service: Service
    ttft_s: float
    tpot_s: float
    latency_s: float
    tokens_per_s: float
    requests_per_s: float
    joules_per_token: float | None
    power_w: float | None
    usd_per_million_tokens: float | None
    price: ChipPrice | None
    weights_bytes: float
    kv_bytes: float
    activation_bytes: float
    capacity_bytes: float
    usable_bytes: float
    spilled_bytes: float
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    evidence: Evidence
    sources: tuple[Source, ...]
    bands: Bands | None
    bases: Mapping[str, str]  # what the seconds of each family of operators stand on

    @property
    def feasible(self) -> bool:
        """Whether it would run."""
        return not self.problems

    @property
    def overhead_s(self) -> float:
        """Seconds of a decode step beyond its bare kernels; below 0 where the stack overlaps them."""
        step = self.service.decode or self.service.prefill
        if step.work is None:
            return 0.0
        added = _number(step.time) - _number(step.work[0] + step.work[1])
        return 0.0 if abs(added) < _ROUNDING * _number(step.time) else added

    @property
    def free_bytes(self) -> float:
        """Usable bytes that nothing occupies."""
        return max(self.usable_bytes - self.weights_bytes - self.kv_bytes - self.activation_bytes, 0.0)


def estimate_request(
    request: Request,
    *,
    prices: Mapping[str, float] | None = None,
    host_memory: float | None = None,
    price: ChipPrice | None = None,
) -> Estimate:
    """Estimate one deployment.

    Args:
        request: what runs where, under which load.
        prices: the user's own USD per chip-hour, by chip name.
        host_memory: bytes behind each chip that weights and caches may spill to; the chip's own tier if None.
        price: what the chip costs, where that is settled already; looked up if None.

    Raises:
        InputError: a cut or a length that no engine would accept.
    """
    check_request(request)
    p, chip = request.parallelism, request.chip
    stages = float(p.pipeline)
    columns = request.columns
    with np.errstate(invalid="ignore", divide="ignore"):
        service = serve(
            request.model,
            Formats.of(request.scheme),
            p,
            columns,
            batch=request.batch / stages,
            prompt=request.prompt,
            output=request.output,
            images=request.images,
            skew=request.skew,
        )
    price = price or chip_price(chip, prices)
    replicas = float(p.data)
    problems = problems_of(request, service, host_memory)
    runs = np.nan if problems else 1.0  # what does not run has no pace
    tokens = _number(service.tokens_per_s) * replicas * runs
    usd = None if price is None or problems else price.usd_per_s * float(p.chips) / tokens * 1e6
    sources = (*sources_of(chip, price), request.served.source)
    return Estimate(
        request=request,
        service=service,
        ttft_s=_number(service.ttft) * runs,
        tpot_s=_number(service.tpot) * runs,
        latency_s=_number(service.latency) * runs,
        tokens_per_s=tokens,
        requests_per_s=_number(service.requests_per_s) * replicas * runs,
        joules_per_token=_maybe(service.joules_per_token * runs),
        power_w=_maybe(service.power * replicas * runs),
        usd_per_million_tokens=usd,
        price=price,
        weights_bytes=_number(service.memory.weights),
        kv_bytes=_number(service.memory.kv),
        activation_bytes=_number(service.memory.activations),
        capacity_bytes=_number(columns.capacity),
        usable_bytes=_number(columns.usable),
        spilled_bytes=_number(service.spilled),
        problems=tuple(problems),
        notes=tuple(notes_of(request.model, chip, request.scheme, service, runs=not problems)),
        evidence=weakest(source.kind for source in sources) or Evidence.ASSUMED,
        sources=sources,
        bands=None if problems else bands_of(request, service, replicas),
        bases=bases_of(service),
    )


def problems_of(request: Request, service: Service, host_memory: float | None = None) -> list[str]:
    """What keeps a deployment from running: memory, a missing engine, chips that cannot reach each other."""
    chip = request.chip
    found = [
        f"{chip.id} has no published {needed} rate; add a what-if chip with `like` that has one"
        for needed in sorted({request.scheme.operand, request.scheme.wide})
        if substitute(chip, needed) is None
    ]
    if chip.main.bandwidth is None or chip.main.capacity is None:
        found.append(f"the size or bandwidth of {chip.id}'s memory is not published")
    spilled = _number(service.spilled)
    if spilled > 0:
        host = chip.memories.get("host")
        room = host_memory if host_memory is not None else (host.capacity if host else None)
        if host is None or host.bandwidth is None:
            found.append(f"{spilled / 1e9:.1f} GB a chip do not fit, and {chip.id} has no second tier")
        elif room is None:
            found.append(
                f"{spilled / 1e9:.1f} GB a chip do not fit; with --host-memory they spill to {host.technology}"
            )
        elif room < spilled:
            found.append(f"{spilled / 1e9:.1f} GB a chip do not fit, and the second tier holds {room / 1e9:.1f} GB")
    if not found and not np.isfinite(_number(service.latency)):
        found.append(f"{int(request.parallelism.chips)} x {chip.id} have no link that reaches all of them")
    return found


def notes_of(model: Model, chip: Chip, scheme: Scheme, service: Service, *, runs: bool) -> list[str]:
    """What a reader should know: substitutions, spilling, replicated heads."""
    notes: list[str] = []
    for needed in sorted({scheme.operand, scheme.wide}):
        used = substitute(chip, needed)
        if used is not None and used[0] != needed:
            share = "" if used[1] == 1 else f" at {used[1]:g} of its rate (assumed)"
            notes.append(f"{chip.id} computes {needed} as {used[0]}{share}")
    spilled = _number(service.spilled)
    if spilled > 0 and runs:
        tier = chip.memories["host"].technology if "host" in chip.memories else "no second tier"
        notes.append(f"{spilled / 1e9:.1f} GB a chip spill to {tier} and are read again in every step: slow")
    if model.note:
        notes.append(model.note)
    return notes


def sources_of(chip: Chip, price: ChipPrice | None) -> tuple[Source, ...]:
    """The sources an estimate on this chip stands on, each once."""
    paths = (
        "engines.matrix.peaks",
        "memories.main.bandwidth",
        "memories.main.capacity",
        "links.scale_up.bandwidth",
        "tdp",
    )
    found = [source for path in paths if (source := chip.source_of(path)) is not None]
    found += achieved(chip).sources
    if chip.tdp is not None:
        found += energy_sources(chip)
    if price is not None:
        found.append(price.source)
    return tuple(dict.fromkeys(found))


def _number(value: object) -> float:
    return float(np.asarray(value))


def _maybe(value: object) -> float | None:
    number = _number(value)
    return number if np.isfinite(number) else None
