"""The systems of the literature, and one runnable exhibit for each: what is claimed beside what is reproduced."""

from interlock.exhibits.base import Claim, Exhibit, Figure, Reproduction
from interlock.exhibits.discovery import exhibit, exhibit_ids, exhibits, run, run_all
from interlock.exhibits.systems import Progress, System, families, system, systems

__all__ = [
    "Claim",
    "Exhibit",
    "Figure",
    "Progress",
    "Reproduction",
    "System",
    "exhibit",
    "exhibit_ids",
    "exhibits",
    "families",
    "run",
    "run_all",
    "system",
    "systems",
]
