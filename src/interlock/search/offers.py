"""The format axis under a limit on quality: schemes, the technique behind each, and what it costs in answers.

idea:  of several techniques that give the same formats, the one that is known to cost least is offered, since their
       speed is the same to the predictor.
keeps: formats are those of weights, activations and cache; embeddings and the head have 16 bits. Losses of weights and
       of the cache that were measured apart are added, and the sum is called an assumption.
       Which measurement of a technique counts never depends on what it says in the technique's favour: here the one
       over most tokens, then the latest; of published ones and of other models the worst. What is known of this model
       goes before what is published of it, and that before what is known of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import Final

from interlock.effects import with_effects
from interlock.errors import InterlockError
from interlock.evidence import Evidence
from interlock.models import Model, Scheme, scheme
from interlock.models.identity import is_shipped, weights_folder
from interlock.numerics import DENSE, NumberFormat, number_format
from interlock.search.claims import Claim, claims
from interlock.search.loss import BASES, Basis, Loss, Offer, added
from interlock.techniques.registry import names, technique

_RANKS: Final = {Evidence.MEASURED_HERE: 0, Evidence.MEASURED: 1, Evidence.PUBLISHED: 2, Evidence.ASSUMED: 3}
_FIRST: Final = ("fp8", "awq", "gptq", "smoothquant")  # proposed before others that give the same formats


def make_offers(
    model: Model,
    schemes: Sequence[Scheme],
    basis: Basis,
    *,
    weights: Iterable[str] | None = None,
    caches: Iterable[str] | None = None,
) -> tuple[Offer, ...]:
    """One offer a scheme: the given ones in their order, then those that evidence speaks of.

    Args:
        model: what is planned for.
        schemes: the formats that would be searched without a limit.
        basis: which evidence counts.
        weights: the weight formats that the user wants considered; all if None.
        caches: the same for the KV cache.
    """
    plain = plain_scheme(model)
    allowed_weights = None if weights is None else {each.weight.name for each in schemes}
    allowed_caches = None if caches is None else {each.kv.name for each in schemes}
    by_formats: dict[str, dict[str, Claim]] = {}
    for claim in claims(model, plain):
        others = by_formats.setdefault(claim.scheme.name, {})
        others[claim.key] = max(others.get(claim.key, claim), claim, key=_precedence)
    known = {name: _choose(found.values(), basis) for name, found in by_formats.items()}
    more = [
        offer.scheme
        for offer in known.values()
        if offer.counts(basis)
        and (allowed_weights is None or offer.scheme.weight.name in allowed_weights)
        and (allowed_caches is None or offer.scheme.kv.name in allowed_caches)
    ]
    searched = {each.name: each for each in [*more, *schemes]}  # the given ones as they are given
    ordered = dict.fromkeys(each.name for each in [*schemes, *more])
    return tuple(
        _offer(model, searched[name], known.get(name) or _together(known, plain, searched[name])) for name in ordered
    )


def _together(known: Mapping[str, Offer], plain: Scheme, wanted: Scheme) -> Offer | None:
    """Formats of weights and cache whose losses are known apart: their sum, which is an assumption."""
    weights, cache = (known.get(each.name) for each in _apart(plain, wanted))
    if weights is None or cache is None or weights.loss is None or cache.loss is None:
        return None
    technique = f"{weights.technique} + {cache.technique}"
    return Offer(scheme=wanted, technique=technique, loss=added(weights.loss, cache.loss))


def _apart(plain: Scheme, wanted: Scheme) -> tuple[Scheme, Scheme]:
    """The wanted scheme with a plain cache, and the plain one with the wanted cache."""
    return replace(wanted, kv=plain.kv), replace(plain, kv=wanted.kv)


def _offer(model: Model, wanted: Scheme, known: Offer | None) -> Offer:
    if (loss := _definition(model, wanted)) is not None:
        return Offer(scheme=wanted, loss=loss)
    return replace(known or Offer(scheme=wanted), scheme=wanted, remedy=remedy(model, wanted))


def _precedence(claim: Claim) -> tuple[int, float, str]:
    return (-_RANKS[claim.loss.evidence], *claim.weight)


def _choose(found: Iterable[Claim], basis: Basis) -> Offer:
    """The one that counts and costs least; of those that do not count, the best known."""
    kept = min(
        found,
        key=lambda claim: (
            claim.loss.evidence not in BASES[basis],
            0 if claim.loss.evidence in BASES[basis] else _RANKS[claim.loss.evidence],
            claim.loss.high,
            claim.technique,
        ),
    )
    return Offer(scheme=kept.scheme, technique=kept.technique, loss=kept.loss)


def plain_scheme(model: Model) -> Scheme:
    """The formats of the model before any technique: 16 bits, as its checkpoint has them."""
    wide = "fp16" if model.stored_format == "fp16" else "bf16"
    return scheme(wide, wide, wide)


def _definition(model: Model, wanted: Scheme) -> Loss | None:
    """No loss, where the formats hold what the makers published; a user's own narrow checkpoint has an unknown one."""
    narrow = number_format(model.stored_format).element_bits < 16
    if narrow and not is_shipped(model):
        return None
    kept = narrow and wanted.weight.name == model.stored_format and wanted.activation in (wanted.weight, _wide(model))
    if not _is_wide(wanted.kv) or not (kept or (_is_wide(wanted.weight) and _is_wide(wanted.activation))):
        return None
    said = "the checkpoint as its makers publish it" if narrow else "the unquantized checkpoint"
    return Loss(value=0.0, low=0.0, high=0.0, evidence=Evidence.FIRST_PRINCIPLES, model=model.name, reference=said)


def _wide(model: Model) -> NumberFormat:
    return plain_scheme(model).activation


def _is_wide(stored: NumberFormat) -> bool:
    return stored.element_bits >= 16 and stored.sparsity == DENSE


def remedy(model: Model, wanted: Scheme) -> str:
    """The command that would measure a scheme's loss; nothing where no technique, or two, give its formats."""
    asked = _giving(model, wanted) or _giving_both(model, wanted)
    folder = weights_folder(model)
    named = "FOLDER" if folder is None else quote(model.origin or model.name)
    return f"interlock lab quality --model {named} --technique {quote(asked)}" if asked else ""


def _giving_both(model: Model, wanted: Scheme) -> str:
    """One technique for the weights and one for the cache."""
    parts = [_giving(model, each) for each in _apart(plain_scheme(model), wanted)]
    return "+".join(parts) if all(parts) else ""


def _giving(model: Model, wanted: Scheme) -> str:
    """A technique with parameters that gives these formats."""
    plain, weight, bits = plain_scheme(model), wanted.weight, round(wanted.weight.element_bits)
    integers = f"bits={bits},group_size={weight.group or 0}"
    inputs = f"activation_bits={round(wanted.activation.element_bits)}"
    sizes = ("", integers, f"{integers},symmetric=no", f"{integers},{inputs}", f"bits={bits}")
    others = (f"pattern={weight.sparsity.name}", f"format={weight.name}")
    for name in dict.fromkeys([*_FIRST, *names()]):
        for parameters in (*sizes, *others):
            try:
                found = technique(f"{name}:{parameters}" if parameters else name)
                changed, made = with_effects(model, plain, found.effects())
            except InterlockError:
                continue
            if found.runs and made.name == wanted.name and changed == model:
                return f"{name}:{parameters}" if parameters else name
    return ""
