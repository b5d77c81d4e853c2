"""Many techniques on one model: each is kept as soon as it is measured, what is known is not measured again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from interlock.errors import InterlockError
from interlock.evidence.quality import QualityRecord, known
from interlock.lab.quality.asked import technique_label
from interlock.lab.quality.predicted import PredictedDecode, predicted_decode
from interlock.lab.quality.study import Study
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A technique of a sweep: measured, or refused for a reason."""

    label: str
    record: QualityRecord | None
    decode: PredictedDecode | None
    why: str = ""
    was_known: bool = False


def sweep(
    study: Study,
    techniques: Sequence[Technique],
    chip: str,
    done: Callable[[int, int, str], None] | None = None,
) -> list[Entry]:
    """Measure each technique; one that refuses the model does not stop the others.

    Args:
        study: model, text and seed.
        techniques: what to apply, each to the original.
        chip: for which decoding is predicted.
        done: told how many are done, of how many, and what comes next.

    Raises:
        InputError: an unknown chip, or a store that cannot be written.
    """
    predicted_decode(study.folder, chip, ())
    study.original  # noqa: B018 - measured first, so that a refusal of the text or the model comes at once
    entries = []
    for place, technique in enumerate(techniques):
        label = technique_label(technique)
        if done is not None:
            done(place, len(techniques), label)
        was_known = known(study.subject(technique)) is not None
        try:
            record = study.measure(technique)
        except InterlockError as error:
            entries.append(Entry(label=label, record=None, decode=None, why=str(error)))
            continue
        decode = predicted_decode(study.folder, chip, technique.effects())
        entries.append(Entry(label=label, record=record, decode=decode, was_known=was_known))
    return entries
