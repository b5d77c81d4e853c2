"""A chip as it is built into a node: a phone with 12 GB, a server with 2 TB behind its GPUs."""

from __future__ import annotations

from dataclasses import replace

from interlock.catalogue import canonical, looks_like_path
from interlock.errors import UnknownNameError
from interlock.hardware import catalogue, node
from interlock.hardware.chip import Chip
from interlock.hardware.node import Node


def find(name: str, where: str | None = None) -> Chip:
    """A chip by name, alias or file; or, by a node's name, the chip in that node.

    Raises:
        InputError: neither; offers the closest names of chips.
    """
    if looks_like_path(name):
        return catalogue.chip(name, where)
    try:
        return catalogue.chip(name, where)
    except UnknownNameError as error:
        if error.kind != "chip" or canonical(name) not in node.known_names():
            raise
    return installed(node.node(name))


def installed(place: Node) -> Chip:
    """The node's chip with the memory that is installed beside it and its share of the host's."""
    chip = catalogue.chip(place.chip)
    memories = {**chip.memories}
    sources = dict(chip.sources)
    if place.memory is not None:
        memories["main"] = replace(chip.main, capacity=place.memory)
        if (source := place.source_of("memory")) is not None:
            sources["memories.main.capacity"] = source
    host = chip.memories.get("host")
    if host is not None and host.capacity is None and place.host_memory is not None:
        memories["host"] = replace(host, capacity=place.host_memory / place.chips)
        if (source := place.source_of("host_memory")) is not None:
            sources["memories.host.capacity"] = source
    achieved = chip.achieved if place.memory_share is None else replace(chip.achieved, memory=place.memory_share)
    return replace(chip, id=place.id, name=place.name, memories=memories, sources=sources, achieved=achieved)
