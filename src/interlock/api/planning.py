"""The search for a deployment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from interlock.api.accepted import (
    bytes_of,
    images_of,
    loaded_format,
    loss_of,
    own_prices,
    resolve_model,
    seconds_of,
    skew_of,
    stack_of,
    tokens_of,
)
from interlock.cost.money import Basis as PriceBasis
from interlock.cost.money import chip_price
from interlock.cost.stack import Stack
from interlock.errors import InputError, shown
from interlock.hardware import Chip, all_chips
from interlock.hardware.installed import find as find_chip
from interlock.hardware.node import all_nodes
from interlock.inference.request import check_length
from interlock.models import Model, Scheme, scheme
from interlock.numerics import number_format
from interlock.search import Goals, Plan, Space, make_plan
from interlock.search.axes import BATCHES, expert_degrees, pipeline_degrees, tensor_degrees
from interlock.search.goals import Objective
from interlock.search.loss import Basis, Offer
from interlock.search.offers import make_offers
from interlock.search.trial import try_out
from interlock.serving.metrics import slo as limits_of
from interlock.serving.registry import policy as find_policy
from interlock.units import parse
from interlock.workloads import workload as read_workload
from interlock.workloads.load import Load

BASES: Final = ("hourly", "purchase")


def plan(
    model: str | Model | Mapping[str, Any],
    *,
    chips: Sequence[str | Chip] | None = None,
    workload: str | None = None,
    prompt: float | None = None,
    output: float | None = None,
    images: float | None = None,
    objective: Objective = "cost",
    ttft: str | float | None = None,
    tpot: str | float | None = None,
    latency: str | float | None = None,
    power: str | float | None = None,
    slo: str | None = None,
    rate: float | None = None,
    trace: str | None = None,
    requests: int = 2000,
    policy: str = "sarathi-serve",
    shortlist: int = 6,
    max_chips: int = 8,
    max_quality_loss: str | float | None = None,
    quality_basis: Basis = "published",
    weight_formats: Sequence[str] | None = None,
    kv_cache_dtypes: Sequence[str] | None = None,
    prices: Mapping[str, float] | None = None,
    price_basis: PriceBasis = "hourly",
    host_memory: str | float | None = None,
    routing_skew: float = 0.0,
    stack: str | Stack | None = None,
    spill: bool = True,
    show: int = 12,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """Search the space of deployments and rank what meets the goals.

    Args:
        model: a shipped name, a path of a config or folder, a config as a mapping, or a `Model`.
        chips: names, TOML paths or `Chip`s; all data-centre chips with a price of the wanted basis if None.
        workload: a named workload; "chat" if neither it nor lengths are given.
        prompt: tokens in, instead of the workload's.
        output: tokens out, instead of the workload's.
        images: images in each request.
        objective: "cost", "throughput", "ttft", "tpot" or "energy".
        ttft: limit on the time to first token, seconds or "1s".
        tpot: limit on the time per output token.
        latency: limit on the whole request.
        power: limit on the board power of all chips, watts or "10 kW".
        slo: the limits in one text, such as "ttft=1s,tpot=50ms".
        rate: requests a second to carry; replicas are added for it.
        trace: a kind of traffic or a trace file: lengths are its means, and the shortlist is simulated under it.
        requests: how many of them.
        policy: of serving, in the simulation.
        shortlist: how many deployments are simulated at most.
        max_chips: the most chips a deployment may have.
        max_quality_loss: limit on the relative rise of perplexity, "1%" or 0.01; formats and sparsity of which a loss
            is known join the search, and what is unknown is left out.
        quality_basis: which losses count: "measured" here on this model, "published" of it, too, or "any", also those
            of other models.
        weight_formats: formats of linear weights to consider; the checkpoint's and fp8 if None.
        kv_cache_dtypes: formats of the KV cache to consider; 16 bits, and fp8 beside fp8 weights, if None.
        prices: USD per chip-hour by chip name, instead of the catalogue's.
        price_basis: "hourly" list rates, or "purchase" spread over years; named chips fall back on the other.
        host_memory: bytes behind each chip that what does not fit may spill to.
        routing_skew: how unevenly tokens choose experts.
        stack: what serves, as of `estimate`; what people run on each kind of chip if None.
        spill: whether deployments that spill to a second tier count at all.
        show: the most front entries to return.
        progress: called with (done, total) while pricing.

    Raises:
        InputError: a name, quantity or format that is not accepted.
    """
    described = resolve_model(model)
    shape = read_workload(workload or "chat", "--workload")
    limits = limits_of(slo)
    for name, flag in (("ttft", ttft), ("tpot", tpot), ("e2el", latency)):
        if name in limits and flag is not None:
            raise InputError("--slo", shown(slo), f"{name} here or by its own flag, not both")
    ttft, tpot, latency = limits.get("ttft", ttft), limits.get("tpot", tpot), limits.get("e2el", latency)
    load, prompt, output, rate = _traffic(trace, requests, policy, shortlist, prompt, output, rate)
    if price_basis not in BASES:
        raise InputError("--price-basis", shown(price_basis), f"one of {', '.join(BASES)}")
    if chips is not None and not chips:
        raise InputError("--chips", "no names", "one or more chips")
    goals = Goals(
        objective=objective,
        ttft_s=seconds_of(ttft, "--ttft"),
        tpot_s=seconds_of(tpot, "--tpot"),
        latency_s=seconds_of(latency, "--latency"),
        power_w=parse(power, "W", where="--power") if isinstance(power, str) else power,
        rate=rate,
        max_chips=max_chips,
        allow_spill=spill,
        max_quality_loss=loss_of(max_quality_loss, "--max-quality-loss"),
        quality_basis=quality_basis,
    )
    given = [item if isinstance(item, Chip) else find_chip(item, "--chips") for item in chips or ()]
    prices = own_prices(prices, given)
    chosen = tuple(given) if chips is not None else _priced_chips(prices, price_basis)
    behind = bytes_of(host_memory, "--host-memory")
    schemes = _schemes(described, weight_formats, kv_cache_dtypes)
    offers: tuple[Offer, ...] = ()
    if goals.max_quality_loss is not None:
        offers = make_offers(described, schemes, quality_basis, weights=weight_formats, caches=kv_cache_dtypes)
        schemes = tuple(offer.scheme for offer in offers)
    space = Space(
        model=described,
        chips=chosen,
        prices=tuple(chip_price(chip, prices, price_basis) for chip in chosen),
        spill_bytes=tuple(behind if behind is not None else spill_bytes(chip) for chip in chosen),
        schemes=schemes,
        offers=offers,
        tensor=tensor_degrees(described, max_chips),
        expert=expert_degrees(described, max_chips),
        pipeline=pipeline_degrees(described, max_chips),
        batches=BATCHES,
        prompt=tokens_of(prompt if prompt is not None else shape.prompt, "--prompt"),
        output=tokens_of(output if output is not None else shape.output, "--output"),
        images=images_of(images if images is not None else (shape.images or described.default_images)),
        skew=skew_of(routing_skew),
        stack=stack_of(stack),
    )
    check_length(described, space.prompt, space.output)
    if show < 1:
        raise InputError("--front", repr(show), "a whole number from 1")
    found = make_plan(space, goals, show=show, progress=progress)
    return found if load is None else try_out(found, load, policy=policy, shortlist=shortlist, progress=progress)


def _traffic(
    trace: str | None,
    requests: int,
    policy: str,
    shortlist: int,
    prompt: float | None,
    output: float | None,
    rate: float | None,
) -> tuple[Load | None, float | None, float | None, float | None]:
    """What is simulated, its mean lengths, and the rate; as they were where nothing is."""
    if trace is None:
        return None, prompt, output, rate
    if prompt is not None or output is not None:
        raise InputError("--trace", shown(trace), "a trace without --prompt and --output, which it has its own of")
    find_policy(policy)
    if shortlist < 1:
        raise InputError("--shortlist", repr(shortlist), "a whole number from 1")
    load = Load(trace=trace, count=requests)
    found = load.at(rate)
    pace = rate if rate is not None else found.rate
    if not pace > 0:
        raise InputError("--rate", "nothing", f"requests a second, since {trace} has no times")
    return load, float(round(found.prompt.mean())), float(round(found.output.mean())), pace


def spill_bytes(chip: Chip) -> float:
    """Bytes behind a chip: its own second tier, or its share of the host memory of a node that carries it; else 0."""
    host = chip.memories.get("host")
    if host is None or host.bandwidth is None:
        return 0.0
    if host.capacity is not None:
        return host.capacity
    shares = [node.host_memory / node.chips for node in all_nodes() if node.chip == chip.id and node.host_memory]
    return max(shares, default=0.0)


def _priced_chips(prices: Mapping[str, float], basis: PriceBasis) -> tuple[Chip, ...]:
    """All data-centre chips with a link and a price of the user's or of this basis."""
    every = [chip for chip in all_chips() if chip.category in {"datacenter-gpu", "accelerator"}]
    known = [(chip, chip_price(chip, prices, basis)) for chip in every if "scale_up" in chip.links]
    return tuple(chip for chip, price in known if price is not None and price.basis in {basis, "yours"})


def _schemes(model: Model, weights: Sequence[str] | None, kv: Sequence[str] | None) -> tuple[Scheme, ...]:
    """Combinations worth trying: narrow floating point with itself, integers below 8 bits with 16-bit activations."""
    wide = "fp16" if model.stored_format == "fp16" else "bf16"
    names = list(weights) if weights else list(dict.fromkeys([loaded_format(model), "fp8"]))
    for flag, given in (("--weight-formats", names), ("--kv-cache-dtypes", kv or ())):
        for name in given:
            number_format(name, flag)
    found: list[Scheme] = []
    for name in names:
        first = scheme(name, wide)
        activation = first.weight.name if first.weight.operand in {"fp8", "fp4"} else wide
        activation = "int8" if name == "int8" else activation
        caches = list(kv) if kv else ([wide, "fp8"] if first.weight.operand == "fp8" else [wide])
        found += [scheme(name, activation, cache) for cache in caches]
    return tuple(dict.fromkeys(found))
