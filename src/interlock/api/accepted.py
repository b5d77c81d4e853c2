"""What the API accepts, checked where it enters: names, sizes, quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from interlock.catalogue import canonical
from interlock.cost.stack import Stack, served_stacks
from interlock.errors import InputError, UnknownNameError, shown
from interlock.hardware import Chip
from interlock.hardware.installed import find as find_chip
from interlock.models import Model, from_config
from interlock.models import model as read_model
from interlock.units import parse


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


def bytes_of(value: str | float | None, where: str) -> float | None:
    """Bytes from "256 GB", or from a number that already is bytes.

    Raises:
        InputError: not a size, or a negative one.
    """
    size = parse(value, "bytes", where=where) if isinstance(value, str) else value
    if size is not None and not 0 <= size < float("inf"):
        raise InputError(where, shown(value), "0 bytes or more")
    return size


def seconds_of(value: str | float | None, where: str) -> float | None:
    """Seconds from "50ms", or from a number that already is seconds."""
    return parse(value, "s", where=where) if isinstance(value, str) else value


def loss_of(value: str | float | None, where: str) -> float | None:
    """A share from "1%", "0.01" or a number; what is 1 or more needs its sign of percent.

    Raises:
        InputError: not a share above 0, or one over 100 %.
    """
    if value is None:
        return None
    accepted = 'more than 0 and at most 100 %, such as "1%" or 0.01'
    try:
        share = parse(value, "ratio", where=where)
    except InputError:
        raise InputError(where, shown(value), accepted) from None
    if not 0 < share <= 1 or (share == 1 and not str(value).strip().endswith("%")):
        raise InputError(where, shown(value), accepted)
    return share


def size_of(value: int, where: str) -> int:
    """A whole number of chips, ranks or sequences."""
    if not 1 <= value <= 10_000_000:
        raise InputError(where, repr(value), "a whole number from 1 to 10000000")
    return value


def tokens_of(value: float, where: str) -> float:
    """A length in tokens."""
    if not 1 <= value <= 1e9:
        raise InputError(where, repr(value), "1 to 1e9 tokens")
    return float(value)


def images_of(value: float) -> float:
    """A number of images."""
    if not 0 <= value <= 1e4:
        raise InputError("--images", repr(value), "a number from 0 to 10000")
    return float(value)


def skew_of(value: float) -> float:
    """A routing skew."""
    if not 0 <= value <= 4:
        raise InputError("--routing-skew", repr(value), "a number from 0 (uniform) to 4")
    return float(value)


def stack_of(value: str | Stack | None) -> Stack | None:
    """A serving stack by name.

    Raises:
        UnknownNameError: no such stack.
    """
    if value is None or isinstance(value, Stack):
        return value
    known = served_stacks()
    name = canonical(value).replace("tensorrt-llm", "trt-llm")
    if name not in known:
        raise UnknownNameError("stack", value, list(known), "--stack")
    return known[name]
