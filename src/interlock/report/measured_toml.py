"""A table of measured quality as the TOML file that ships with the package."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from interlock.search.shipped_quality import MeasuredTable


def measured_toml(table: MeasuredTable) -> str:
    """The file; five significant digits, what is a row's default left out."""
    told = [f"# Quality of {table.model} after techniques, by `interlock lab compare --model {table.model} --toml`."]
    plain = [field.name for field in fields(table) if field.name not in ("rows", "pairs")]
    told += [f"{name} = {_value(getattr(table, name))}" for name in plain]
    for name in ("rows", "pairs"):
        for item in getattr(table, name):
            usual = {field.name: field.default for field in fields(item)}
            told += ["", f"[[{name}]]"]
            told += [f"{key} = {_value(value)}" for key, value in asdict(item).items() if value != usual[key]]
    return "\n".join(told) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, float):
        text = f"{value:.5g}"
        return text if any(mark in text for mark in ".en") else f"{text}.0"
    if isinstance(value, tuple | list):
        return f"[{', '.join(_value(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)
