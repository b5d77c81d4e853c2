"""What a plan under a limit on quality says of formats: what the chosen ones stand on, and why others were left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from interlock.models import Scheme
from interlock.search.goals import Goals
from interlock.search.loss import Offer
from interlock.search.space import Space

_MOST: Final = 4  # formats that are named one by one


def quality_notes(space: Space, goals: Goals, chosen: Scheme | None) -> list[str]:
    """Nothing where no limit on quality is set."""
    if goals.max_quality_loss is None:
        return []
    own = space.offer(chosen) if chosen is not None else None
    notes = [f"quality: {own.loss.note}"] if own is not None and own.loss is not None and own.loss.note else []
    left = list(_left_out(space, goals))
    more = [f"{len(left) - _MOST} more formats miss the limit on quality or have no known loss"]
    return [*notes, *left[:_MOST], *(more if len(left) > _MOST else [])]


def _left_out(space: Space, goals: Goals) -> Iterator[str]:
    """Formats that the limit keeps out, the unknown ones first: there a measurement would help."""
    unknown = [offer for offer in space.offers if not offer.counts(goals.quality_basis)]
    missed = [offer for offer in space.offers if offer.counts(goals.quality_basis) and _high(offer) > _bound(goals)]
    for offer in unknown:
        known = "unknown" if offer.loss is None else str(offer.loss)
        technique = "" if offer.technique is None else f" by {offer.technique}"
        yield f"{offer.scheme.name}: loss{technique} {known}, so it does not count; {_advice(space, offer)}"
    for offer in sorted(missed, key=_high):
        yield f"{offer.scheme.name}: loss by {offer.technique} {offer.loss}, over {100 * _bound(goals):.3g} %"


def _advice(space: Space, offer: Offer) -> str:
    if not offer.remedy:
        return "no techniques here give these formats, so `interlock lab quality` cannot measure it"
    then = ", FOLDER with its weights, and a plan for FOLDER" if "--model FOLDER " in offer.remedy else ""
    return f"`{offer.remedy}` would settle it{then}"


def _high(offer: Offer) -> float:
    assert offer.loss is not None
    return offer.loss.high


def _bound(goals: Goals) -> float:
    assert goals.max_quality_loss is not None
    return goals.max_quality_loss
