"""What starts a deployment: a command, and what a reader must know before running it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from interlock.catalogue import entries
from interlock.files import read_json
from interlock.inference.request import Request
from interlock.models import Model

_STEP: Final = 256  # lengths are means; rounding up leaves a little room


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One shell line, and a note ("" if there is nothing to say)."""

    command: str
    note: str = ""


def hub_name(model: Model) -> str:
    """A user's own model by its path; else the Hugging Face Hub id of its catalogue entry, else its name."""
    if model.origin:
        return model.origin
    path = entries("model", ".json").get(model.name)
    extra = read_json(path).get("interlock") if path else None
    hub = extra.get("hub") if isinstance(extra, dict) else None
    return hub if isinstance(hub, str) else model.name


def context_length(request: Request) -> int:
    """Tokens of one mean request, prompt and output, rounded up; at most the model's positions."""
    length = math.ceil((request.prompt + request.output) / _STEP) * _STEP
    return min(length, request.model.max_positions or length)
