"""Chips, memories, links, nodes and clusters: reading and checking the catalogue."""

from interlock.hardware.catalogue import all_chips, chip, names
from interlock.hardware.chip import Chip, Engine, Link, Memory

__all__ = ["Chip", "Engine", "Link", "Memory", "all_chips", "chip", "names"]
