"""Time and energy of an operator on an engine, over columns of candidates."""

from interlock.cost.chips import Chips
from interlock.cost.energy import EnergyParts, energy_parts, held_energy, operator_energy
from interlock.cost.operator_time import OperatorTime, operator_time

__all__ = ["Chips", "EnergyParts", "OperatorTime", "energy_parts", "held_energy", "operator_energy", "operator_time"]
