"""Models larger than the device: tiers, schedules and placements, priced from the cost model's operators."""

from interlock.offloading.machine import Machine, altered, machine_of, with_processor
from interlock.offloading.policy import Offloaded, best_policy, with_shares

__all__ = ["Machine", "Offloaded", "altered", "best_policy", "machine_of", "with_processor", "with_shares"]
