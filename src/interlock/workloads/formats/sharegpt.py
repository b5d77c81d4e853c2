"""Lengths of conversations: a JSON list of objects with a prompt's and an answer's tokens, as made from ShareGPT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interlock.errors import InputError
from interlock.workloads.files import Head, whole
from interlock.workloads.requests import Requests, requests

TITLE = "ShareGPT lengths"
_PROMPT = ("prompt_len", "input_len", "prompt_tokens", "input_tokens")
_OUTPUT = ("output_len", "completion_len", "output_tokens", "completion_tokens")


def reads(start: Head) -> bool:
    """Whether it is one."""
    return isinstance(start.first, list)


def read(path: Path) -> Requests:
    """The lengths, all at one moment."""
    rows = whole(path)
    if rows and isinstance(rows[0], dict) and "conversations" in rows[0]:
        raise InputError(str(path), "conversations as text", "token counts: tokenize it with your model's tokenizer")
    pairs = [(_first(row, _PROMPT, str(path)), _first(row, _OUTPUT, str(path))) for row in rows]
    return requests([0.0] * len(pairs), [one for one, _ in pairs], [two for _, two in pairs], where=str(path))


def _first(row: Any, names: tuple[str, ...], where: str) -> Any:
    for name in names:
        if isinstance(row, dict) and name in row:
            return row[name]
    raise InputError(where, f"{str(row)[:60]!r}", f"objects with one of {', '.join(names)}")
