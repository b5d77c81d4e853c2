"""Interlock designs the hardware and the software of LLM systems together.

    >>> import interlock
    >>> interlock.plan("llama-3.1-70b", workload="chat", ttft="1s", tpot="50ms")

Names load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from interlock.api import estimate, explain, plan
    from interlock.errors import InputError, InterlockError
    from interlock.hardware import Chip, chip
    from interlock.models import Model, count_parameters, model
    from interlock.search import Plan

__version__ = "0.1.0"

_PLACES = {
    "plan": "interlock.api",
    "estimate": "interlock.api",
    "explain": "interlock.api",
    "chip": "interlock.hardware",
    "Chip": "interlock.hardware",
    "model": "interlock.models",
    "Model": "interlock.models",
    "count_parameters": "interlock.models",
    "Plan": "interlock.search",
    "InterlockError": "interlock.errors",
    "InputError": "interlock.errors",
}

__all__ = [
    "Chip",
    "InputError",
    "InterlockError",
    "Model",
    "Plan",
    "chip",
    "count_parameters",
    "estimate",
    "explain",
    "model",
    "plan",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    if name not in _PLACES:
        raise AttributeError(f"module 'interlock' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
