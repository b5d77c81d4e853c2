"""What formats cost in answer quality, as words and as plain data."""

from __future__ import annotations

from typing import Any

from interlock.search.loss import Offer


def quality_record(offer: Offer | None) -> dict[str, Any] | None:
    """Technique, loss, interval and evidence of some formats; None where no limit on quality was asked for."""
    if offer is None:
        return None
    loss = offer.loss
    return {
        "formats": offer.scheme.name,
        "technique": offer.technique,
        "loss_ratio": None if loss is None else loss.value,
        "loss_low_ratio": None if loss is None else loss.low,
        "loss_high_ratio": None if loss is None else loss.high,
        "evidence": None if loss is None else str(loss.evidence),
        "known": "unknown" if loss is None else loss.known,
        "known_of_model": None if loss is None else loss.model,
        "reference": None if loss is None else loss.reference,
        "note": (loss.note or None) if loss is not None else None,
        "remedy": offer.remedy or None,
    }


def quality_words(offer: Offer | None) -> list[str]:
    """A line on the loss and one on where it stands; nothing where no limit on quality was asked for."""
    if offer is None or offer.loss is None:
        return []
    by = f" by {offer.technique}" if offer.technique else ""
    more = [offer.loss.reference] if offer.technique else []
    return [f"loss{by}: {offer.loss}", *more]
