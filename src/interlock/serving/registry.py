"""Finding policies: the file name is the name, and a name belongs to one family."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any, Final

from interlock.errors import InputError, UnknownNameError, shown
from interlock.serving import policies
from interlock.serving.policy import Batching, Decision, Policy

DEFAULTS: Final = {"batching": "sarathi-serve", "order": "fcfs", "routing": "least-requests"}


@cache
def _places() -> dict[str, tuple[str, str]]:
    """Name to family and module."""
    found = {}
    for family in pkgutil.iter_modules(policies.__path__):
        package = importlib.import_module(f"{policies.__name__}.{family.name}")
        for module in pkgutil.iter_modules(package.__path__):
            found[module.name.replace("_", "-")] = family.name, f"{package.__name__}.{module.name}"
    return dict(sorted(found.items(), key=lambda item: (item[1][0], item[0])))


def names(family: str | None = None) -> list[str]:
    """Names of all policies, or of one family."""
    return [name for name, (kind, _) in _places().items() if family in (None, kind)]


def decision(text: str, where: str = "--policy") -> Decision:
    """One policy by name, with parameters after a colon: "vtc" or "sarathi-serve:token_budget=1024".

    Raises:
        InputError: unknown name or parameter.
    """
    name, colon, parameters = text.partition(":")
    key = name.strip().lower().replace("_", "-")
    if key not in _places():
        raise UnknownNameError("policy", name, _places(), where)
    found: Decision = importlib.import_module(_places()[key][1]).POLICY
    return found.with_parameters(parameters, where) if colon else found


def policy(text: str = "", *, max_num_seqs: int = 256, where: str = "--policy") -> Policy:
    """A policy from names joined by "+", at most one of each family: "vllm", "sarathi-serve+vtc+prefix-cache".

    What is not named is FCFS, fewest requests, and the memory and preemption that the batching's paper has.

    Raises:
        InputError: unknown names, or two of one family.
    """
    chosen: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.split("+"))):
        found = decision(part, where)
        if found.family in chosen:
            raise InputError(where, shown(text), f"one {found.family} policy")
        chosen[found.family] = found
    if "pools" in chosen:
        for family in ("batching", "routing"):
            chosen.setdefault(family, decision(getattr(chosen["pools"], f"with_{family}")))
    for family, name in DEFAULTS.items():
        chosen.setdefault(family, decision(name))
    batching: Batching = chosen["batching"]
    chosen.setdefault("memory", decision(batching.with_memory))
    levels = chosen["order"].groups == "levels"
    chosen.setdefault("preemption", decision("swap" if levels else batching.with_preemption))
    if batching.gang and chosen["memory"].grows:
        raise InputError(where, shown(text), "memory that is set aside (contiguous or exact) for whole batches")
    if batching.gang and chosen["order"].groups != "none":
        raise InputError(where, shown(text), "an order without clients or levels, since whole batches leave together")
    if batching.gang and "pools" in chosen:
        accepted = "pools without whole batches (static, dynamic), which cannot be handed over"
        raise InputError(where, shown(text), accepted)
    return Policy(name=text or DEFAULTS["batching"], max_num_seqs=max_num_seqs, **chosen)
