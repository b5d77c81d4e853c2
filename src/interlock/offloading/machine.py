"""One device with what lies behind it: host memory, a processor, storage, and the links between them.

idea:  a node of the catalogue, or a chip with sizes and rates that the user gives, as three tiers and five streams.
       Each chip of a node has its share of the host's memory and storage.
keeps: bandwidths count one direction, at the share that software achieves; a tier that is not there has 0 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from interlock.cost import Chips
from interlock.cost.parameters import achieved
from interlock.hardware import Chip, catalogue
from interlock.hardware.installed import installed
from interlock.hardware.node import Node

TIERS: Final = ("device", "host", "storage")
_STORAGE_BEHIND: Final = frozenset({"phone", "laptop", "desktop", "server-cpu"})  # their spill tier is flash


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """SI units. `chips` are the cost model's columns of the device, `processor` those of the host or None."""

    name: str
    chip: Chip
    chips: Chips
    processor: Chips | None
    processor_name: str | None
    device_bytes: float
    host_bytes: float
    storage_bytes: float
    to_device: float
    to_host: float
    storage_read: float
    storage_write: float
    unified: bool = False  # device and host share one memory, and storage is read into it

    @property
    def capacities(self) -> tuple[float, float, float]:
        """Bytes of device, host and storage."""
        return self.device_bytes, self.host_bytes, self.storage_bytes


def machine_of(place: Node | Chip) -> Machine:
    """The machine that a node describes, or that a chip alone makes: without storage, and without a processor."""
    node = place if isinstance(place, Node) else None
    chip = installed(place) if isinstance(place, Node) else place
    columns, share = Chips.calibrated(chip), achieved(chip)
    spill = chip.memories.get("host")
    unified = chip.category in _STORAGE_BEHIND
    link = spill.bandwidth * share.bandwidth if spill is not None and spill.bandwidth is not None else 0.0
    if unified:
        link = float("inf")  # storage is read into the one memory
    host = 0.0 if node is None or unified else (node.host_memory or 0.0) / node.chips
    processor = catalogue.chip(node.processor) if node is not None and node.processor else None
    read = node.storage_read / node.chips if node is not None and node.storage_read else None
    flash = spill if unified else None
    return Machine(
        name=chip.id,
        chip=chip,
        chips=columns,
        processor=None if processor is None else Chips.calibrated(processor),
        processor_name=None if processor is None else processor.id,
        device_bytes=float(columns.usable),
        host_bytes=host,
        storage_bytes=(node.storage / node.chips if node is not None and node.storage else None)
        or (flash.capacity if flash is not None and flash.capacity else 0.0),
        to_device=link,
        to_host=link,
        storage_read=read or (flash.bandwidth if flash is not None and flash.bandwidth else 0.0),
        storage_write=(node.storage_write / node.chips if node is not None and node.storage_write else None)
        or read
        or 0.0,
        unified=unified,
    )


def altered(machine: Machine, changes: Mapping[str, Any]) -> Machine:
    """The machine with the sizes and rates that are given; what is None stays."""
    given = {key: value for key, value in changes.items() if value is not None}
    if "to_device" in given:
        given.setdefault("to_host", given["to_device"])
    if "storage_read" in given:
        given.setdefault("storage_write", given["storage_read"])
    return replace(machine, **given)


def with_processor(machine: Machine, processor: Chip) -> Machine:
    """The machine with another processor in its host."""
    return replace(machine, processor=Chips.calibrated(processor), processor_name=processor.id)
