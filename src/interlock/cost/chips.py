"""Chips as columns: every number the formulas need, one array element a chip, nan where unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.parameters import (
    achieved,
    arithmetic_draw,
    cache_energy,
    link_energy,
    mac_energy,
    memory_energy,
    static_share,
)
from interlock.cost.ragged import Ragged, ragged
from interlock.cost.stack import Stack
from interlock.hardware import Chip, Link
from interlock.operators import COMPUTE_FORMATS, Array
from interlock.parallel import Links
from interlock.parallel.collectives import TOPOLOGIES

# What an engine without a format does instead: the 16-bit types stand in for each other, narrow integers are widened
# without loss. Narrow floating point has no such substitute: its scales belong to the format.
_SUBSTITUTES: Final[dict[str, tuple[tuple[str, float], ...]]] = {
    "bf16": (("fp16", 1), ("tf32", 1), ("fp32", 1), ("int8", 0.25)),
    "fp16": (("bf16", 1), ("tf32", 1), ("fp32", 1), ("int8", 0.25)),
    "tf32": (("fp32", 1),),
    "int4": (("int8", 1),),
    "int2": (("int4", 1), ("int8", 1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chips:
    """Columns over chips. `peak` and `energy` have a leading axis of operand formats (`COMPUTE_FORMATS`)."""

    peak: Any  # FLOP/s at the achieved share, (formats, *shape)
    mac_energy: Any  # J, (formats, *shape)
    vector: Array
    attention: Array  # attention's share of the peak over matrix's
    bandwidth: Array
    capacity: Array
    usable: Array  # bytes of the main memory that a model may fill
    cache: Array
    cache_bandwidth: Array
    spill_bandwidth: Array
    cores: Array
    blocks: Any  # (options, 2, *shape)
    granule: Any  # (3, *shape)
    sparsity: Array
    launch: Array
    links: Links
    memory_energy: Array  # J/byte
    cache_energy: Array  # J/byte
    link_energy: Array  # J/byte
    static_power: Array
    power: Array
    calibrated_on: Chip | None = None  # the chip whose kernels' measured times are used; None for first principles
    stack: str | None = None  # of which engine; None for the mean of those that were measured
    runs: Stack | None = None  # the serving stack; None for bare kernels
    reference: Chips | None = None  # the columns before a change

    def varied(self, **changes: Any) -> Chips:
        """These chips with something changed: calibrated times then change as first principles do."""
        return replace(self, **changes, reference=self.reference or self)

    def run_by(self, stack: Stack) -> Chips:
        """These chips as a serving stack runs them: its engine's kernels, its own time, less memory to fill."""
        usable = np.asarray(self.usable) - stack.reserve_bytes
        if self.calibrated_on is not None and ragged(self.calibrated_on, stack) != Ragged():
            stack = replace(stack, grouped_ratio=stack.pace_ratio)
        return replace(self, runs=stack, stack=stack.engine, usable=usable)

    @staticmethod
    def calibrated(chip: Chip, shape: tuple[int, ...] | None = None, stack: str | None = None) -> Chips:
        """One chip whose operators take calibrated times where there are any: scalars, or columns of length 1."""
        plain = Chips.of(chip) if shape is None else Chips.of([chip], shape)
        return replace(plain, calibrated_on=chip, stack=stack)

    @staticmethod
    def of(chips: Chip | Sequence[Chip], shape: tuple[int, ...] = (-1,)) -> Chips:
        """Columns of several chips along the given shape; scalars for one chip."""
        many = [chips] if isinstance(chips, Chip) else list(chips)
        rows = [_row(chip) for chip in many]
        links = [row.pop("links") for row in rows]
        columns: dict[str, Any] = {
            key: np.moveaxis(np.array([row[key] for row in rows], dtype=float), 0, -1) for key in rows[0]
        }
        link_columns: dict[str, Any] = {key: np.array([item[key] for item in links], dtype=float) for key in links[0]}
        if isinstance(chips, Chip):
            return Chips(
                **{k: v[..., 0] for k, v in columns.items()}, links=Links(**{k: v[0] for k, v in link_columns.items()})
            )
        shaped: dict[str, Any] = {key: value.reshape(*value.shape[:-1], *shape) for key, value in columns.items()}
        return Chips(**shaped, links=Links(**{key: value.reshape(shape) for key, value in link_columns.items()}))


def by_format(columns: NDArray[np.float64], code: Array) -> Array:
    """Pick from columns with a leading axis of operand formats: one row for a scalar code, else element by element."""
    codes = np.asarray(code).astype(int)
    if codes.ndim == 0:
        row: Array = columns[int(codes)]
        return row
    shape = np.broadcast_shapes(codes.shape, columns.shape[1:])
    picked = np.empty(shape)
    for value in np.unique(codes):
        picked = np.where(np.broadcast_to(codes, shape) == value, np.broadcast_to(columns[value], shape), picked)
    return picked


def substitute(chip: Chip, compute_format: str) -> tuple[str, float] | None:
    """The format a chip's engine really uses for an operand format, and the share of that format's rate.

    None where it has no engine for it. 16 bits on an engine of which only INT8 is published are taken at a quarter of
    the INT8 rate, as on NPUs that publish both.
    """
    for name, share in ((compute_format, 1.0), *_SUBSTITUTES.get(compute_format, ())):
        if chip.peak(name) is not None:
            return name, share
    return None


def _row(chip: Chip) -> dict[str, Any]:
    got, arithmetic = achieved(chip), arithmetic_draw(chip).factor
    peaks, energies = [], []
    for name in COMPUTE_FORMATS:
        used = substitute(chip, name)
        peaks.append(np.nan if used is None else (chip.peak(used[0]) or np.nan) * used[1] * got.matrix)
        energies.append(mac_energy(used[0] if used else name, chip.process or 7e-9) * arithmetic)
    engine = chip.engines.get("matrix") or next(iter(chip.engines.values()))
    vector = chip.engines.get("vector")
    main, spill = chip.memories["main"], chip.memories.get("host")
    cache = chip.memories.get("llc") or chip.memories.get("l2")
    memory_j = memory_energy(main.technology)
    return {
        "peak": peaks,
        "mac_energy": energies,
        "vector": _known(vector.peaks.get("fp32") if vector else None) * got.vector,
        "attention": got.attention / got.matrix if got.attention < got.matrix else 1.0,
        "bandwidth": _known(main.bandwidth) * got.bandwidth,
        "capacity": _known(main.capacity),
        "usable": _known(main.capacity) * got.usable_memory,
        "cache": (cache.capacity or 0.0) if cache else 0.0,
        "cache_bandwidth": _known(cache.bandwidth if cache else None) * got.cache,
        "spill_bandwidth": _known(spill.bandwidth if spill else None) * got.bandwidth,
        "cores": engine.cores or 1,
        "blocks": _blocks(engine.block, engine.granule),
        "granule": engine.granule or (1, 1, 1),
        "sparsity": engine.sparsity_factor,
        "launch": got.launch,
        "links": _links(chip, got.link, got.link_latency, got.network_latency),
        "memory_energy": _known(memory_j) * 8,
        "cache_energy": cache_energy(),
        "link_energy": link_energy("scale_up") * 8,
        "static_power": _known(chip.tdp) * static_share(),
        "power": _known(chip.tdp),
    }


def _known(value: float | None) -> float:
    return np.nan if value is None else value


def _blocks(block: tuple[int, int] | None, granule: tuple[int, int, int] | None) -> list[tuple[float, float]]:
    """Output blocks a core may work on, from the largest down to the granule; 0 where tiling is not published."""
    if block is None or granule is None:
        return [(0.0, 0.0)] * 5
    m, n = block
    return [
        (max(m / cut_m, granule[0]), max(n / cut_n, granule[1]))
        for cut_m, cut_n in ((1, 1), (1, 2), (2, 2), (2, 4), (64, 2))
    ]


def _links(chip: Chip, share: float, latency: float, network_latency: float) -> dict[str, float]:
    up, out = chip.links.get("scale_up"), chip.links.get("scale_out")
    own = up is not None and up.bandwidth is not None and up.topology != "none"
    bandwidth = _known(up.bandwidth) * share if own and up is not None else np.nan
    pair = _pair(up) * share if own and up is not None else np.nan
    return {
        "topology": TOPOLOGIES.index(up.topology if own and up is not None else "none"),
        "bandwidth": bandwidth,
        "pair_bandwidth": pair,
        "domain": _domain(up if own else None),
        "latency": up.latency if own and up is not None and up.latency is not None else latency,
        "out_bandwidth": _known(out.bandwidth if out else None) * share,
        "out_latency": out.latency if out is not None and out.latency is not None else network_latency,
    }


def _pair(up: Link) -> float:
    """What two neighbours exchange: as published, or an equal share of the links that the topology gives a chip."""
    if up.pair_bandwidth is not None:
        return up.pair_bandwidth
    neighbours = {"ring": 2.0, "torus-2d": 4.0, "mesh-2d": 4.0, "torus-3d": 6.0, "full-mesh": _domain(up) - 1.0}
    return _known(up.bandwidth) / max(neighbours.get(up.topology, 1.0), 1.0)


def _domain(up: Link | None) -> float:
    if up is None:
        return 1.0
    return float(up.domain or (2 if up.topology == "pairs" else 8))
