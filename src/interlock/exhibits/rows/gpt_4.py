"""GPT-4: an entry that refuses to be predicted."""

from interlock.exhibits.base import Reproduction
from interlock.exhibits.undisclosed import disclosure, undisclosed

CLAIM = disclosure("gpt-4")


def run() -> Reproduction:
    """Marked, dated, and no prediction without a config of the user's own."""
    return undisclosed("gpt-4")
