"""The facts of a chip that a product's time depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.cost.chips import substitute
from interlock.errors import UnsupportedError
from interlock.hardware import Chip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Numbers, or columns of them over rows of several chips: dense peak of the operand's format, rated bandwidth."""

    cores: Any
    clock_hz: Any
    peak_flop_per_s: Any
    bandwidth_bytes_per_s: Any
    cache_bytes: Any

    def record(self) -> dict[str, float]:
        """As JSON holds it."""
        return {name: float(getattr(self, name)) for name in self.__slots__}

    @staticmethod
    def of_record(data: Mapping[str, float]) -> Facts:
        """What `record` wrote."""
        return Facts(**data)


def facts(chip: Chip, operand: str) -> Facts:
    """The facts of one chip; a format that it cannot multiply is widened to 16 bits first, as engines do.

    Raises:
        UnsupportedError: the catalogue lacks one of them.
    """
    engine = chip.engines.get("matrix")
    cache = chip.memories.get("llc") or chip.memories.get("l2")
    used = substitute(chip, operand) or substitute(chip, "bf16")
    peak = None if used is None else (chip.peak(used[0]) or 0.0) * used[1]
    found = {
        "cores": engine.cores if engine else None,
        "clock_hz": engine.clock if engine else None,
        "peak_flop_per_s": peak,
        "bandwidth_bytes_per_s": chip.main.bandwidth,
        "cache_bytes": cache.capacity if cache else None,
    }
    if missing := [name for name, value in found.items() if not value]:
        raise UnsupportedError(f"{chip.id}: a calibrated time needs {', '.join(missing)}")
    return Facts(**{name: float(value or 0.0) for name, value in found.items()})
