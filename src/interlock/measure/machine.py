"""What the operating system says of the processor: its name, cores, caches and memory; None where it does not say."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_VENDORS: Final = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel", "0x41": "Arm", "0xc0": "Ampere", "Apple": "Apple"}
_UNITS: Final = {"K": 2.0**10, "M": 2.0**20, "G": 2.0**30}
_UNLIMITED: Final = 2.0**60  # as control groups spell no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One computer; `caches_bytes` by level, summed over the cores at hand."""

    name: str
    vendor: str
    cores: int
    clock_hz: float | None
    memory_bytes: float | None
    caches_bytes: Mapping[int, float] = field(default_factory=dict)
    system: str = ""

    @property
    def last_cache_bytes(self) -> float | None:
        """The largest level; None where no cache is known."""
        return self.caches_bytes[max(self.caches_bytes)] if self.caches_bytes else None


def machine(root: Path = Path("/")) -> Machine:
    """The computer that this runs on; `root` holds its /proc and /sys."""
    fields = _cpu_fields(_text(root / "proc/cpuinfo"))
    cores = _cores()
    return Machine(
        name=fields.get("model name") or platform.processor() or platform.machine() or "unknown processor",
        vendor=_vendor(fields),
        cores=cores,
        clock_hz=_clock(root, fields),
        memory_bytes=_memory(root),
        caches_bytes=_caches(root / "sys/devices/system/cpu"),
        system=f"{platform.system()} {platform.machine()}",
    )


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_fields(text: str) -> dict[str, str]:
    """The first processor's fields."""
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _vendor(fields: Mapping[str, str]) -> str:
    said = fields.get("vendor_id") or fields.get("CPU implementer") or ""
    return _VENDORS.get(said, said or ("Apple" if platform.system() == "Darwin" else "unknown"))


def _clock(root: Path, fields: Mapping[str, str]) -> float | None:
    """The highest clock that the driver names, or else the one of this moment."""
    kilohertz = _text(root / "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq").strip()
    if kilohertz.isdigit() and int(kilohertz) > 0:
        return float(kilohertz) * 1e3
    try:
        return float(fields["cpu MHz"]) * 1e6 or None
    except (KeyError, ValueError):
        return None


def _memory(root: Path) -> float | None:
    """What is installed, or what a control group leaves of it."""
    found = re.search(r"^MemTotal:\s+(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    sizes = [float(found[1]) * 1024.0] if found else []
    limit = _text(root / "sys/fs/cgroup/memory.max").strip()
    if limit.isdigit() and 0 < float(limit) < _UNLIMITED:
        sizes.append(float(limit))
    return min(sizes, default=None)


def _caches(folder: Path) -> dict[int, float]:
    """Data and unified caches by level; a cache that cores share counts once."""
    seen: dict[tuple[int, str], float] = {}
    for index in folder.glob("cpu[0-9]*/cache/index[0-9]*"):
        size = re.fullmatch(r"(\d+)([KMG])", _text(index / "size").strip())
        level = _text(index / "level").strip()
        if size is None or not level.isdigit() or _text(index / "type").strip() == "Instruction":
            continue
        shared = _text(index / "shared_cpu_list").strip() or index.parts[-3]
        seen[int(level), shared] = float(size[1]) * _UNITS[size[2]]
    levels = sorted({level for level, _ in seen})
    return {level: sum(size for (own, _), size in seen.items() if own == level) for level in levels}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
