"""Measuring the machine at hand: what its memory, products and small operations reach, and a chip made of it."""

from interlock.measure.chip import MachineChip, machine_chip
from interlock.measure.comparison import Comparison, compared
from interlock.measure.machine import Machine, machine
from interlock.measure.run import Measured, measure
from interlock.measure.store import chip_toml, paths, read_rows, rows_csv

__all__ = [
    "Comparison",
    "Machine",
    "MachineChip",
    "Measured",
    "chip_toml",
    "compared",
    "machine",
    "machine_chip",
    "measure",
    "paths",
    "read_rows",
    "rows_csv",
]
