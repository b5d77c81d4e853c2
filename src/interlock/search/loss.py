"""What a choice of formats costs in answer quality, and how that is known.

keeps: a loss is relative: 0.01 is one percent more perplexity than the unquantized model's. It is of one model; of any
       other it is an assumption, and is said to be one. Limits are judged on the interval's high end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from interlock.evidence import Evidence
from interlock.models import Scheme

Basis = Literal["measured", "published", "any"]

_MEASURED: Final = frozenset({Evidence.MEASURED_HERE, Evidence.MEASURED})
BASES: Final[dict[Basis, frozenset[Evidence]]] = {
    "measured": frozenset({Evidence.FIRST_PRINCIPLES, *_MEASURED}),
    "published": frozenset({Evidence.FIRST_PRINCIPLES, *_MEASURED, Evidence.PUBLISHED}),
    "any": frozenset({Evidence.FIRST_PRINCIPLES, *_MEASURED, Evidence.PUBLISHED, Evidence.ASSUMED}),
}  # which evidence counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """More perplexity, as a share, with its interval: 95 % where it was measured here, of printed digits otherwise.

    `evidence`: ASSUMED where `model`, of which it is known, is not the planned one, or where it is a `sum`.
    `sum`: how two losses that were not measured together are known, of the weights' formats and of the cache's.
    """

    value: float
    low: float
    high: float
    evidence: Evidence
    model: str
    reference: str
    note: str = ""
    sum: tuple[str, str] | None = None

    @property
    def known(self) -> str:
        """How it is known, in a few words."""
        if self.sum is not None:
            return f"assumed: the sum of two losses ({self.sum[0]}; {self.sum[1]}), not measured together"
        match self.evidence:
            case Evidence.FIRST_PRINCIPLES:
                return "by definition"
            case Evidence.ASSUMED:
                return f"assumed: of {self.model}, not measured on this model"
            case _:
                return f"{self.evidence} on {self.model}"

    def __str__(self) -> str:
        if self.evidence is Evidence.FIRST_PRINCIPLES:
            return f"none, {self.known}: {self.reference}"
        return f"{percent(self.value)} ({percent(self.low)} to {percent(self.high)}), {self.known}"


def added(weights: Loss, cache: Loss) -> Loss:
    """The loss of both, if neither changes what the other does: perplexities are multiplied."""
    pairs = zip((weights.value, weights.low, weights.high), (cache.value, cache.low, cache.high), strict=True)
    value, low, high = ((1 + one) * (1 + other) - 1 for one, other in pairs)
    return Loss(
        value=value,
        low=low,
        high=high,
        evidence=Evidence.ASSUMED,
        model=weights.model,
        reference=f"{weights.reference}; {cache.reference}",
        note=weights.note,
        sum=(weights.known, cache.known),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A scheme, the technique that gives it, and what that costs in quality; None where nobody knows.

    `remedy`: the command that would measure an unknown loss.
    """

    scheme: Scheme
    technique: str | None = None
    loss: Loss | None = None
    remedy: str = ""

    def counts(self, basis: Basis) -> bool:
        """Whether its loss is known well enough."""
        return self.loss is not None and self.loss.evidence in BASES[basis]


def percent(share: float) -> str:
    """A share as a percentage with its sign: "+1.2 %"."""
    return f"{100 * share:+.3g} %" if abs(share) < 10 else f"{100 * share:+,.0f} %"
