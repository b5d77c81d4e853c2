"""Phi-2: the exact count."""

from interlock.exhibits.base import Reproduction, claim, reproduction, within
from interlock.exhibits.model_size import count, parameters

CLAIM = claim("2.7 billion parameters", "Microsoft, Phi-2: the surprising power of small language models")


def run() -> Reproduction:
    """The config's count is nearer 2.8 billion than the 2.7 of its name."""
    total = parameters("phi-2")
    return reproduction(count("phi-2", 2_779_683_840), within("as named", 2.7e9, total, 0.03))
