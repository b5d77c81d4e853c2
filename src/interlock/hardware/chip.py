"""What a chip is: engines beside memories, joined by links.

keeps: peaks are dense, per chip; bandwidths and links count one direction; unknown is None, never 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field

from interlock.errors import InputError
from interlock.evidence import Source
from interlock.files import quantity_error
from interlock.units import parse

_LARGEST: Final = 1e24


def _quantity(unit: str, *, zero: bool = False) -> Any:
    def read(value: Any) -> float:
        try:
            number = parse(value, unit)
        except InputError as error:
            raise quantity_error(error) from None
        if number < 0 or (number == 0 and not zero):
            raise ValueError("a quantity greater than zero")
        if number > _LARGEST or 0 < number < 1 / _LARGEST:  # no chip; the formulas would overflow
            raise ValueError(f"a quantity from {1 / _LARGEST:g} to {_LARGEST:g} {unit}")
        return number

    return BeforeValidator(read)


Bytes = Annotated[float, _quantity("bytes")]
BytesPerSecond = Annotated[float, _quantity("bytes/s")]
FlopPerSecond = Annotated[float, _quantity("FLOP/s")]
Hertz = Annotated[float, _quantity("Hz")]
Seconds = Annotated[float, _quantity("s", zero=True)]
Watts = Annotated[float, _quantity("W")]
Metres = Annotated[float, _quantity("m")]
SquareMetres = Annotated[float, _quantity("m2")]
UsDollars = Annotated[float, _quantity("USD")]
UsDollarsPerSecond = Annotated[float, _quantity("USD/s")]
Share = Annotated[float, _quantity("ratio"), Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]

ComputeFormat = Literal[
    "fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "fp6", "fp4", "int8", "int4", "int2"
]  # fmt: skip
Category = Literal[
    "datacenter-gpu", "workstation-gpu", "accelerator", "wafer", "sram-accelerator", "test-chip",
    "edge-module", "phone", "laptop", "desktop", "server-cpu",
]  # fmt: skip
Topology = Literal["switch", "full-mesh", "ring", "torus-2d", "torus-3d", "pairs", "mesh-2d", "none"]

_STRICT = ConfigDict(extra="forbid")

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What computes: `peaks` by operand format, dense, over all `cores` together.

    `block` is the largest output block (m, n) that one core accumulates at a time, `granule` the smallest
    (m, n, k) that its matrix unit can be given: between them lie tile and wave quantisation.
    """

    __pydantic_config__ = _STRICT
    peaks: dict[ComputeFormat, FlopPerSecond]
    cores: Count | None = None
    core_name: str = "core"
    clock: Hertz | None = None
    block: tuple[Count, Count] | None = None
    granule: tuple[Count, Count, Count] | None = None
    sparsity_factor: Annotated[float, Field(ge=1, le=16)] = 1.0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What holds data. `role`: a cache level, the main memory that models live in, or a spill tier behind it."""

    __pydantic_config__ = _STRICT
    role: Literal["cache", "main", "spill"]
    technology: str
    capacity: Bytes | None = None
    bandwidth: BytesPerSecond | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What joins chips: `bandwidth` is the sum over this chip's links, one direction.

    `pair_bandwidth` is what two chips can exchange directly, where that is less than the sum (full mesh, torus).
    """

    __pydantic_config__ = _STRICT
    technology: str
    topology: Topology
    bandwidth: BytesPerSecond | None = None
    pair_bandwidth: BytesPerSecond | None = None
    links: Count | None = None
    domain: Count | None = None
    latency: Seconds | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars: a purchase price of one chip and an on-demand rate."""

    __pydantic_config__ = _STRICT
    purchase: UsDollars | None = None
    hourly: UsDollarsPerSecond | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Achieved:
    """Shares of the peaks that good software reaches, and the latency of one kernel; None takes the default."""

    __pydantic_config__ = _STRICT
    matrix: Share | None = None
    vector: Share | None = None
    bandwidth: Share | None = None
    link: Share | None = None
    memory: Share | None = None  # of the main memory's capacity that a model may fill
    launch: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A figure as a document prints it, beside the dense per-chip one, and why they differ."""

    __pydantic_config__ = _STRICT
    where: str
    what: str
    printed: str
    value: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One chip, as the catalogue holds it: `id` is the file name."""

    __pydantic_config__ = _STRICT
    id: str
    name: str
    vendor: str
    year: Annotated[int, Field(ge=1970, le=2100)]
    category: Category
    engines: dict[Literal["matrix", "vector"], Engine]
    memories: dict[Literal["registers", "l1", "l2", "llc", "main", "host"], Memory]
    sources: dict[str, Source]
    links: dict[Literal["scale_up", "scale_out", "host"], Link] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    form_factor: str = ""
    process: Metres | None = None
    tdp: Watts | None = None
    die_area: SquareMetres | None = None
    transistors: Annotated[float, Field(gt=0)] | None = None
    confidence: Literal["high", "medium", "low"] = "medium"
    price: Price = Price()
    achieved: Achieved = Achieved()
    printed: tuple[Printed, ...] = ()
    note: str = ""
    like: str | None = None

    def peak(self, compute_format: str) -> float | None:
        """Dense FLOP/s of the fastest engine for this operand format; None where none is published."""
        peaks = [engine.peaks[compute_format] for engine in self.engines.values() if compute_format in engine.peaks]
        return max(peaks, default=None)

    @property
    def main(self) -> Memory:
        """The memory that models live in."""
        return self.memories["main"]

    def source_of(self, path: str) -> Source | None:
        """The source of a dotted field path: the longest prefix that `sources` names."""
        return covering(self.sources, path)


def covering(sources: Mapping[str, S], path: str) -> S | None:
    """The entry of `sources` for a dotted field path: the longest prefix that it names."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        if (found := sources.get(".".join(parts[:end]))) is not None:
            return found
    return None


_NO_SOURCE: Final = {
    "block", "granule", "domain",  # how to model it, not measured facts
    "sources", "name", "vendor", "like", "note", "technology", "form_factor", "core_name",  # words
}  # fmt: skip
_QUANTITY: Final = re.compile(r"\s*[+-]?(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?\s*[A-Za-zµ/%]*2?\s*")


def numbers(value: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Every numeric or quantity leaf of a chip's or node's TOML, by dotted path: what must have a source."""
    leaves: dict[str, Any] = {}
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        if key in _NO_SOURCE or isinstance(item, bool):
            continue
        if isinstance(item, Mapping):
            leaves |= numbers(item, here)
        elif isinstance(item, int | float) or (isinstance(item, str) and _QUANTITY.fullmatch(item)):
            leaves[here] = item
    return leaves
