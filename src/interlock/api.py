"""The Python API, which the command line calls. Quantities may be numbers in SI units or strings such as "50ms"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from interlock.cost.money import Basis, chip_price
from interlock.effects import with_effects
from interlock.errors import InputError, shown
from interlock.hardware import Chip, all_chips
from interlock.hardware.installed import find as find_chip
from interlock.hardware.node import all_nodes
from interlock.inference.estimate import Estimate, estimate_request
from interlock.inference.explanation import Explanation, explain_estimate
from interlock.inference.request import Request
from interlock.models import Model, Scheme, from_config, scheme
from interlock.models import model as read_model
from interlock.numerics import number_format
from interlock.parallel import Parallelism
from interlock.search import Goals, Plan, Space, make_plan
from interlock.search.goals import Objective
from interlock.search.space import BATCHES, degrees
from interlock.techniques import technique as read_technique
from interlock.units import parse
from interlock.workloads import workload as read_workload

BASES: Final = ("hourly", "purchase")


def estimate(
    model: str | Model | Mapping[str, Any],
    chip: str | Chip,
    *,
    tensor_parallel_size: int = 1,
    pipeline_parallel_size: int = 1,
    expert_parallel_size: int = 1,
    data_parallel_size: int = 1,
    sequence_parallel: bool = False,
    weight_format: str | None = None,
    activation_format: str = "bf16",
    kv_cache_dtype: str | None = None,
    technique: str | None = None,
    batch: int = 1,
    prompt: float | None = None,
    output: float | None = None,
    workload: str | None = None,
    images: float | None = None,
    routing_skew: float = 0.0,
    prices: Mapping[str, float] | None = None,
    host_memory: str | float | None = None,
) -> Estimate:
    """Estimate one deployment.

    Args:
        model: a shipped name, a path of a config or folder, a config as a mapping, or a `Model`.
        chip: a name, a node's name for the chip in it, a path of a TOML file, or a `Chip`.
        tensor_parallel_size: chips that share every layer.
        pipeline_parallel_size: stages that share the layers.
        expert_parallel_size: ranks that share the experts.
        data_parallel_size: replicas.
        sequence_parallel: divide norms and the residual stream, too.
        weight_format: how linear weights are stored, such as "bf16", "fp8", "int4-g128"; as the checkpoint if None
            (16 bits where it has 32).
        activation_format: "bf16", "fp8", "int8", ...
        kv_cache_dtype: format of the KV cache; 16 bits if None.
        technique: a technique whose effects come on top, such as "awq" or "gptq:bits=3".
        batch: sequences that a replica holds at once.
        prompt: tokens in; from the workload if None (512 without a workload).
        output: tokens out; from the workload if None (128 without a workload).
        workload: a named workload.
        images: images in each request.
        routing_skew: how unevenly tokens choose experts; 0 uniform, 1 Zipf.
        prices: USD per chip-hour by chip name, instead of the catalogue's.
        host_memory: bytes behind each chip ("256 GB") that what does not fit may spill to.

    Raises:
        InputError: a name, size or format that is not accepted.
    """
    described = resolve_model(model)
    shape = read_workload(workload, "--workload") if workload else None
    formats = scheme(weight_format or loaded_format(described), activation_format, kv_cache_dtype)
    if technique is not None:
        described, formats = _with_technique(described, formats, technique)
    on = chip if isinstance(chip, Chip) else find_chip(chip, "--chip")
    request = Request(
        model=described,
        chip=on,
        scheme=formats,
        parallelism=Parallelism(
            tensor=_size(tensor_parallel_size, "--tensor-parallel-size"),
            pipeline=_size(pipeline_parallel_size, "--pipeline-parallel-size"),
            expert=_size(expert_parallel_size, "--expert-parallel-size"),
            data=_size(data_parallel_size, "--data-parallel-size"),
            sequence=sequence_parallel,
        ),
        batch=_size(batch, "--batch"),
        prompt=_tokens(prompt if prompt is not None else (shape.prompt if shape else 512), "--prompt"),
        output=_tokens(output if output is not None else (shape.output if shape else 128), "--output"),
        images=_images(images if images is not None else (shape.images if shape else described.default_images)),
        skew=_skew(routing_skew),
    )
    behind = bytes_of(host_memory, "--host-memory")
    return estimate_request(request, prices=own_prices(prices, [on]), host_memory=behind)


def explain(model: str | Model | Mapping[str, Any], chip: str | Chip, **options: Any) -> Explanation:
    """Where the time, bytes and joules of a deployment go; the options are those of `estimate`."""
    return explain_estimate(estimate(model, chip, **options))


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
    rate: float | None = None,
    max_chips: int = 8,
    weight_formats: Sequence[str] | None = None,
    kv_cache_dtypes: Sequence[str] | None = None,
    prices: Mapping[str, float] | None = None,
    price_basis: Basis = "hourly",
    host_memory: str | float | None = None,
    routing_skew: float = 0.0,
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
        rate: requests a second to carry; replicas are added for it.
        max_chips: the most chips a deployment may have.
        weight_formats: formats of linear weights to consider; the checkpoint's and fp8 if None.
        kv_cache_dtypes: formats of the KV cache to consider; 16 bits, and fp8 beside fp8 weights, if None.
        prices: USD per chip-hour by chip name, instead of the catalogue's.
        price_basis: "hourly" list rates, or "purchase" spread over years; named chips fall back on the other.
        host_memory: bytes behind each chip that what does not fit may spill to.
        routing_skew: how unevenly tokens choose experts.
        spill: whether deployments that spill to a second tier count at all.
        show: the most front entries to return.
        progress: called with (done, total) while pricing.

    Raises:
        InputError: a name, quantity or format that is not accepted.
    """
    described = resolve_model(model)
    shape = read_workload(workload or "chat", "--workload")
    if price_basis not in BASES:
        raise InputError("--price-basis", shown(price_basis), f"one of {', '.join(BASES)}")
    if chips is not None and not chips:
        raise InputError("--chips", "no names", "one or more chips")
    goals = Goals(
        objective=objective,
        ttft_s=_seconds(ttft, "--ttft"),
        tpot_s=_seconds(tpot, "--tpot"),
        latency_s=_seconds(latency, "--latency"),
        power_w=parse(power, "W", where="--power") if isinstance(power, str) else power,
        rate=rate,
        max_chips=max_chips,
        allow_spill=spill,
    )
    given = [item if isinstance(item, Chip) else find_chip(item, "--chips") for item in chips or ()]
    prices = own_prices(prices, given)
    chosen = tuple(given) if chips is not None else _priced_chips(prices, price_basis)
    behind = bytes_of(host_memory, "--host-memory")
    experts = any(weight.group == "expert" for weight, _ in described.weights())
    sizes = degrees(max_chips)
    space = Space(
        model=described,
        chips=chosen,
        prices=tuple(chip_price(chip, prices, price_basis) for chip in chosen),
        spill_bytes=tuple(behind if behind is not None else spill_bytes(chip) for chip in chosen),
        schemes=_schemes(described, weight_formats, kv_cache_dtypes),
        tensor=sizes,
        expert=sizes if experts else (1,),
        pipeline=tuple(size for size in sizes if size <= described.main.depth),
        batches=BATCHES,
        prompt=_tokens(prompt if prompt is not None else shape.prompt, "--prompt"),
        output=_tokens(output if output is not None else shape.output, "--output"),
        images=_images(images if images is not None else (shape.images or described.default_images)),
        skew=_skew(routing_skew),
    )
    _check_length(space)
    if show < 1:
        raise InputError("--front", repr(show), "a whole number from 1")
    return make_plan(space, goals, show=show, progress=progress)


def spill_bytes(chip: Chip) -> float:
    """Bytes behind a chip: its own second tier, or its share of the host memory of a node that carries it; else 0."""
    host = chip.memories.get("host")
    if host is None or host.bandwidth is None:
        return 0.0
    if host.capacity is not None:
        return host.capacity
    shares = [node.host_memory / node.chips for node in all_nodes() if node.chip == chip.id and node.host_memory]
    return max(shares, default=0.0)


def own_prices(prices: Mapping[str, float] | None, chips: Sequence[Chip]) -> dict[str, float]:
    """The user's prices by the chips' own names: of these chips, or of the catalogue by name, alias or path.

    Raises:
        InputError: not a price, or a name that no chip has.
    """
    known = {chip.id for chip in chips}
    found: dict[str, float] = {}
    for name, usd in (prices or {}).items():
        if not 0 < usd < 1e6:
            raise InputError("--price", f"{name}={usd:g}", "more than 0 and less than 1e6 USD an hour")
        found[name if name in known else find_chip(name, "--price").id] = usd
    return found


def _with_technique(model: Model, formats: Scheme, name: str) -> tuple[Model, Scheme]:
    found = read_technique(name)
    try:
        return with_effects(model, formats, found.effects())
    except InputError as error:  # a parameter that makes no sense
        raise InputError("--technique", f"{name!r}, which is {error.found}", error.accepted) from None


def _priced_chips(prices: Mapping[str, float], basis: Basis) -> tuple[Chip, ...]:
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


def _check_length(space: Space) -> None:
    limit = space.model.max_positions
    length = space.prompt + (space.output if space.model.generates else 0)
    if limit is not None and length > limit:
        raise InputError(
            "--prompt and --output", f"{length:g} tokens", f"at most {limit} positions of {space.model.name}"
        )


def _seconds(value: str | float | None, where: str) -> float | None:
    return parse(value, "s", where=where) if isinstance(value, str) else value


def resolve_model(model: str | Model | Mapping[str, Any]) -> Model:
    """A model from whatever the user has."""
    if isinstance(model, Model):
        return model
    if isinstance(model, Mapping):
        return from_config(dict(model), str(model.get("_name_or_path") or "model"))
    return read_model(model, "--model")


def loaded_format(model: Model) -> str:
    """The weight format an engine loads a checkpoint in: its own, but 16 bits where it stores 32 or more."""
    return "bf16" if model.stored_format in {"fp64", "fp32"} else model.stored_format


def bytes_of(value: str | float | None, where: str) -> float | None:
    """Bytes from "256 GB", or from a number that already is bytes.

    Raises:
        InputError: not a size, or a negative one.
    """
    size = parse(value, "bytes", where=where) if isinstance(value, str) else value
    if size is not None and not 0 <= size < float("inf"):
        raise InputError(where, shown(value), "0 bytes or more")
    return size


def _size(value: int, where: str) -> int:
    if not 1 <= value <= 10_000_000:
        raise InputError(where, repr(value), "a whole number from 1 to 10000000")
    return value


def _tokens(value: float, where: str) -> float:
    if not 1 <= value <= 1e9:
        raise InputError(where, repr(value), "1 to 1e9 tokens")
    return float(value)


def _images(value: float) -> float:
    if not 0 <= value <= 1e4:
        raise InputError("--images", repr(value), "a number from 0 to 10000")
    return float(value)


def _skew(value: float) -> float:
    if not 0 <= value <= 4:
        raise InputError("--routing-skew", repr(value), "a number from 0 (uniform) to 4")
    return float(value)
