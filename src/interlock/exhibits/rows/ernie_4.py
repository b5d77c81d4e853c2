"""ERNIE 4.0: an entry that refuses to be predicted."""

from interlock.exhibits.base import Reproduction
from interlock.exhibits.undisclosed import disclosure, undisclosed

CLAIM = disclosure("ernie-4")


def run() -> Reproduction:
    """Marked, dated, and no prediction without a config of the user's own."""
    return undisclosed("ernie-4")
