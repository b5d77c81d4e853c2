"""Placing operators on many devices, and what the devices say to each other."""

from interlock.parallel.collectives import Links, collective_time
from interlock.parallel.parallelism import Parallelism
from interlock.parallel.placement import place

__all__ = ["Links", "Parallelism", "collective_time", "place"]
