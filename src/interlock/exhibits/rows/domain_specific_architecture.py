"""Domain-specific architecture: the cost of an instruction, amortised over what it computes."""

import itertools

from interlock.cost.parameters import table
from interlock.exhibits.base import Reproduction, claim, holds, reproduction, within

CLAIM = claim("specialised datapaths, memories and data types for a domain", "the mobile slides, DSA")

# Dally, Hot Chips 2023: energy of an instruction's arithmetic in pJ and its FLOP or operations; fetching, decoding and
# reading operands costs 30 pJ whatever the instruction does.
OVERHEAD = 30.0
INSTRUCTIONS = {"HFMA": (1.5, 2), "HDP4A": (6.0, 8), "HMMA": (110.0, 128), "IMMA": (160.0, 1024)}
PRINTED = {"HFMA": 20.0, "HDP4A": 5.0, "HMMA": 0.27, "IMMA": 0.19}


def run() -> Reproduction:
    """Overhead over arithmetic falls from twenty times to a fifth as instructions grow to matrices."""
    shares = {name: OVERHEAD / energy for name, (energy, _) in INSTRUCTIONS.items()}
    each = {name: (energy + OVERHEAD) / work for name, (energy, work) in INSTRUCTIONS.items()}
    order = list(shares.values())
    return reproduction(
        *(
            within(f"overhead of {name} over its arithmetic", PRINTED[name], shares[name], 0.03)
            for name in INSTRUCTIONS
        ),
        holds("larger instructions always have less", all(a > b for a, b in itertools.pairwise(order))),
        within("energy of one FLOP, HFMA over HMMA", 14.4, each["HFMA"] / each["HMMA"], 0.01),
        within(
            "overhead in Interlock's energy table, as of a matrix instruction",
            1.22,
            table("energy")["instruction_overhead"],
            0.05,
        ),
    )
