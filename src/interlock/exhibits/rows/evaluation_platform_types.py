"""Evidence behind numbers: from tapeouts to simulators, and the evidence class of every number of the catalogue."""

from collections import Counter

from interlock.evidence import Evidence
from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.exhibits.facts import table
from interlock.hardware import all_chips

CLAIM = claim("3 tapeouts, 2 FPGA, the rest synthesis or simulators", "the survey, Table II")
MISSING = "a search that keeps to measured silicon"


def run() -> Reproduction:
    """The platforms of Table II, and sources of all chips."""
    platforms = Counter(record["platform"] for record in table("table_ii")["rows"])
    chips = all_chips()
    paths = {
        chip.id: [
            *(f"memories.main.{part}" for part in ("capacity", "bandwidth") if getattr(chip.main, part) is not None),
            *(f"engines.{name}.peaks.{kind}" for name, engine in chip.engines.items() for kind in engine.peaks),
        ]
        for chip in chips
    }
    sourced = [chip for chip in chips if all(chip.source_of(path) for path in paths[chip.id])]
    return reproduction(
        exactly("tapeouts", 3, platforms["tapeout"]),
        exactly("FPGA", 2, platforms["FPGA"]),
        exactly("the rest", 16, sum(platforms.values()) - 5),
        exactly("chips whose peaks and memory have a source", len(chips), len(sourced)),
        holds(
            "every source has an evidence class",
            all(isinstance(source.kind, Evidence) for chip in chips for source in chip.sources.values()),
        ),
    )
