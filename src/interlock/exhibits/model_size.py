"""Sizes of models for exhibits: parameters, weight bytes, KV bytes of a token, all from the catalogue's configs."""

from __future__ import annotations

from interlock.errors import UnknownNameError
from interlock.exhibits.base import Figure, exactly, within
from interlock.inference.memory import cache_bytes, weight_bytes
from interlock.models import Formats, count_parameters, model, scheme


def parameters(name: str) -> int:
    """All parameters of a model of the catalogue."""
    return count_parameters(model(name)).total


def active_parameters(name: str) -> int:
    """Parameters that one token passes through."""
    return count_parameters(model(name)).active


def weights_bytes(name: str, weight: str = "fp16") -> float:
    """Bytes of a model's weights; embeddings and the output head keep 16 bits."""
    return float(weight_bytes(model(name), Formats.of(scheme(weight))))


def kv_token_bytes(name: str, kv: str = "fp16") -> float:
    """Bytes that one token adds to the KV cache; recurrent states, which do not grow, are not counted."""
    shape, formats = model(name), Formats.of(scheme(kv=kv))
    return float(cache_bytes(shape, formats, None, 2.0) - cache_bytes(shape, formats, None, 1.0))


def count(name: str, claimed: int) -> Figure:
    """The exact number of parameters."""
    return exactly(f"parameters of {name}", claimed, parameters(name))


def about(name: str, claimed: float, tolerance: float = 0.01) -> Figure:
    """The number of parameters as people round it."""
    return within(f"parameters of {name}", claimed, parameters(name), tolerance)


def refuses(name: str) -> bool:
    """Whether the catalogue has no model of this name, so that nothing can be predicted for it."""
    try:
        model(name)
    except UnknownNameError:
        return True
    return False
