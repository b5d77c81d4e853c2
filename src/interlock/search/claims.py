"""Everything that is known of losses, as claims about formats: records of this machine, and published tables.

keeps: a record is of the planned model if and only if the weights' hashes agree, and so is a shipped measurement; a
       published row, if the shipped names do. All other claims are of other models, and are made assumptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import isfinite

from interlock.effects import ActivationFormat, Effect, HeldShare, KVFormat, WeightFormat, WideColumns, with_effects
from interlock.errors import InterlockError
from interlock.evidence import Evidence
from interlock.evidence.quality import all_records
from interlock.models import Model, Scheme
from interlock.models.catalogue import about
from interlock.models.identity import fingerprint, is_shipped, weights_folder
from interlock.search.loss import Loss
from interlock.search.published import ORIGINAL, published_tables
from interlock.search.shipped_quality import shipped_tables
from interlock.techniques.registry import technique


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A loss of a technique, whose `key` says name and parameters, and the scheme that it gives.

    `weight`: which of several claims of the same kind is taken: the largest.
    """

    scheme: Scheme
    technique: str
    key: str
    loss: Loss
    weight: tuple[float, str] = (0.0, "")


def claims(model: Model, plain: Scheme) -> list[Claim]:
    """All claims; `plain` is the scheme of the unquantized model, which techniques change."""
    return [*_measured(model, plain), *_shipped(model, plain), *_published(model, plain)]


def _measured(model: Model, plain: Scheme) -> Iterator[Claim]:
    records = [each for each in all_records() if not each.is_original and "perplexity_loss" in each.figures]
    folder = weights_folder(model) if records else None
    mine = fingerprint(folder) if folder else None
    for record in records:
        effects = _read_effects(record.effects)
        scheme = _scheme(model, plain, effects) if effects else None
        value, low, high = record.figures["perplexity_loss"]
        if scheme is None or not (isfinite(value) and isfinite(high)):
            continue
        ours = record.subject.model == mine
        loss = Loss(
            value=value,
            low=low,
            high=high,
            evidence=Evidence.MEASURED_HERE if ours else Evidence.ASSUMED,
            model=record.model,
            reference=f"{record.source}; {record.test_tokens:,} tokens in windows of {record.context}",
            note="; ".join(record.notes),
        )
        weight = (float(record.test_tokens), f"{record.made} {record.subject.key}") if ours else (high, record.model)
        key = _key(record.subject.technique, dict(record.subject.parameters))
        yield Claim(scheme=scheme, technique=record.label, key=key, loss=loss, weight=weight)


def _shipped(model: Model, plain: Scheme) -> Iterator[Claim]:
    """What ships of these very weights; of others it says nothing."""
    table = shipped_tables().get(model.name)
    folder = weights_folder(model) if table else None
    if table is None or folder is None or fingerprint(folder) != table.fingerprint:
        return
    for row in table.rows:
        effects = _read_effects(row.effects)
        scheme = _scheme(model, plain, effects) if effects and not row.outliers else None
        value, low, high = row.perplexity_loss
        if scheme is None or not (isfinite(value) and isfinite(high)):
            continue
        loss = Loss(
            value=value,
            low=low,
            high=high,
            evidence=Evidence.MEASURED,
            model=table.model,
            reference=f"shipped with Interlock: {table.judged}",
            note="; ".join(table.notes),
        )
        key = repr(technique(row.technique)) if "+" not in row.technique else row.technique
        weight = (float(table.test_tokens), table.made)
        yield Claim(scheme=scheme, technique=row.technique.replace(":", " ", 1), key=key, loss=loss, weight=weight)


def _published(model: Model, plain: Scheme) -> Iterator[Claim]:
    name = model.name if is_shipped(model) else None
    started = about(name).get("hub") if name else None
    for table in published_tables():
        for other, row in table.perplexity.items():
            checkpoint = table.checkpoints.get(other, other)
            for setting in row:
                if setting == ORIGINAL:
                    continue
                told = table.settings[setting]
                scheme = _scheme(model, plain, told.effects())
                if scheme is None:
                    continue
                value, low, high = table.loss(other, setting)
                sibling = other == name and started is not None and started != checkpoint
                loss = Loss(
                    value=value,
                    low=low,
                    high=high,
                    evidence=Evidence.PUBLISHED if other == name else Evidence.ASSUMED,
                    model=checkpoint,
                    reference=table.reference,
                    note=f"published for {checkpoint}, not for {started}" if sibling else "",
                )
                key = told.technique if told.ours is None else repr(told.ours)
                yield Claim(scheme=scheme, technique=told.label, key=key, loss=loss, weight=(high, other))


def _read_effects(told_effects: Iterable[tuple[str, str]]) -> tuple[Effect, ...]:
    """Effects, as carried out; none where one of them is not about formats, or cannot be read."""
    found: list[Effect] = []
    for kind, told in told_effects:
        first, *shares = told.split(", ")
        try:
            rest = [float(share) for share in shares]
        except ValueError:
            return ()
        match kind, rest:
            case "WeightFormat", []:
                found.append(WeightFormat(first))
            case "ActivationFormat", []:
                found.append(ActivationFormat(first))
            case "KVFormat", []:
                found.append(KVFormat(first))
            case "WideColumns", [share]:
                found.append(WideColumns(first, share))
            case "HeldShare", [share, beside]:
                found.append(HeldShare(first, share, beside))
            case _:
                return ()
    return tuple(found)


def _scheme(model: Model, plain: Scheme, effects: tuple[Effect, ...]) -> Scheme | None:
    """The formats after the effects; sparse 16-bit weights keep the checkpoint's own 16 bits."""
    wide = plain.weight.name
    own = tuple(
        replace(each, name=f"{wide}+{each.name.partition('+')[2]}")
        if isinstance(each, WeightFormat) and each.name.startswith(("bf16+", "fp16+"))
        else each
        for each in effects
    )
    try:
        return with_effects(model, plain, own)[1]
    except InterlockError:
        return None


def _key(name: str, parameters: dict[str, bool | int | float | str]) -> str:
    try:
        return repr(replace(technique(name), **parameters))
    except (InterlockError, TypeError):
        return f"{name} {sorted(parameters.items())}"
