"""Time and energy of an operator on an engine, over columns of candidates."""

from interlock.cost.chips import Chips
from interlock.cost.energy import operator_energy
from interlock.cost.operator_time import OperatorTime, operator_time

__all__ = ["Chips", "OperatorTime", "operator_energy", "operator_time"]
