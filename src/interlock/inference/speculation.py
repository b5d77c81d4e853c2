"""What drafting tokens and verifying them together is worth, in closed form.

source:  Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023, equation 1 and
         theorem 3.8.
symbols: k drafted tokens a pass; a_i the chance that draft i is accepted, given that those before it were.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, shown


def survival(acceptance: Sequence[float]) -> NDArray[np.float64]:
    """The chance that draft i and all before it are accepted."""
    return np.cumprod(np.asarray(acceptance, dtype=float))


def tokens_per_pass(acceptance: Sequence[float]) -> float:
    """Mean tokens of one pass of the model: its own and the accepted drafts.

    >>> tokens_per_pass([0.5, 0.5])
    1.75

    With one acceptance a for all positions it is (1 - a^(k + 1)) / (1 - a).
    """
    return float(1.0 + survival(acceptance).sum())


def positions(text: str, drafts: int, where: str) -> tuple[float, ...]:
    """Acceptance of each drafted position, from "0.8" for all or "0.8,0.7,0.6", one for each.

    Raises:
        InputError: not a share, or not as many as there are drafts.
    """
    accepted = f"a share from 0 to 1 for all drafts, or {drafts} of them separated by commas"
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(where, shown(text), accepted) from None
    found = found * drafts if len(found) == 1 else found
    if len(found) != drafts or not all(0.0 <= share <= 1.0 for share in found):
        raise InputError(where, shown(text), accepted)
    return tuple(found)


def seconds_per_token(acceptance: Sequence[float], draft_s: float, verify_s: float) -> float:
    """Mean seconds of a token of one sequence: every pass drafts them all, one after the other, then verifies.

    Where a pass over all drafts takes as long as one over a token, t, the gain t / this is theorem 3.8's.
    """
    return (len(acceptance) * draft_s + verify_s) / tokens_per_pass(acceptance)
