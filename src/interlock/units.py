"""Quantities with units at the border; plain SI floats inside.

GB is 10^9 bytes and GiB is 2^30; one multiply-add is 2 FLOP; bandwidths and links count one direction.
This is the only module that knows prefixes.
"""

from __future__ import annotations

import math
import re
from typing import Final

from interlock.errors import InputError, shown

_DECIMAL: Final = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY: Final = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50}
_SMALL: Final = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3}


def _prefixed(base: str, *tables: dict[str, float], scale: float = 1.0) -> dict[str, float]:
    return {prefix + base: factor * scale for table in tables for prefix, factor in table.items()}


UNITS: Final[dict[str, dict[str, float]]] = {
    "bytes": _prefixed("B", _DECIMAL, _BINARY),
    "bytes/s": _prefixed("B/s", _DECIMAL, _BINARY) | _prefixed("bit/s", _DECIMAL, scale=0.125),
    "FLOP/s": _prefixed("FLOP/s", _DECIMAL) | _prefixed("OP/s", _DECIMAL),
    "Hz": _prefixed("Hz", _DECIMAL),
    "s": _prefixed("s", _SMALL) | {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
    "W": _prefixed("W", _DECIMAL) | {"mW": 1e-3},
    "J": _prefixed("J", _SMALL, _DECIMAL),
    "J/bit": _prefixed("J/bit", _SMALL),
    "m": {"nm": 1e-9, "um": 1e-6, "mm": 1e-3, "m": 1.0},
    "m2": {"mm2": 1e-6, "m2": 1.0},
    "USD": {"USD": 1.0},
    "USD/s": {"USD/h": 1.0 / 3600.0},
    "ratio": {"%": 0.01, "": 1.0},
}

_QUANTITY: Final = re.compile(r"\s*([+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\s\d].*?)?\s*")


def parse(text: str | float, unit: str, *, where: str = "quantity", field: str | None = None) -> float:
    """Read a quantity such as "3.35 TB/s" into SI.

    Args:
        text: number and unit; a bare number is accepted for ratios only, since GB and GiB must not be guessed.
        unit: the SI unit wanted, a key of `UNITS`.
        where: the file or flag, for the message.
        field: the field inside it.

    Raises:
        InputError: not a finite number, an unknown unit, or no unit where one is needed.
    """
    accepted = UNITS[unit]
    sample = f'a number with a unit, for example "{_EXAMPLES[unit]}"'
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise InputError(where, shown(text), sample, field)
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        raise InputError(where, shown(text), sample, field)
    suffix = match.group(2) or ""
    if suffix not in accepted:
        known = ", ".join(name for name in accepted if name)
        found = f"unit {shown(suffix)} in {shown(text)}" if suffix else f"{shown(text)} without a unit"
        raise InputError(where, found, f"{sample} (units: {known})", field)
    value = float(match.group(1)) * accepted[suffix]
    if not math.isfinite(value):
        raise InputError(where, shown(text), "a finite number", field)
    return value


_EXAMPLES: Final = {
    "bytes": "80 GB",
    "bytes/s": "3.35 TB/s",
    "FLOP/s": "989 TFLOP/s",
    "Hz": "1.83 GHz",
    "s": "50ms",
    "W": "700 W",
    "J": "20 pJ",
    "J/bit": "4.5 pJ/bit",
    "m": "4 nm",
    "m2": "814 mm2",
    "USD": "30000 USD",
    "USD/s": "2.5 USD/h",
    "ratio": "0.8",
}


def show(value: float | None, unit: str, digits: int = 3) -> str:
    """An SI value for people: 3.35e12 "B/s" becomes "3.35 TB/s"; None becomes "unknown"."""
    if value is None or math.isnan(value):
        return "unknown"
    if unit == "ratio":
        return f"{100 * value:.{digits}g} %"
    if value == 0 or math.isinf(value):
        return f"{value:g} {unit}"
    prefixes = {0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E", -3: "m", -6: "µ", -9: "n", -12: "p"}
    rounded = float(f"{abs(value):.{digits}g}")
    exponent = min(18, max(-12, 3 * math.floor(math.log10(rounded) / 3)))
    scaled = value / 10.0**exponent
    text = f"{scaled:.{digits}g}" if abs(rounded / 10.0**exponent) < 10**digits else f"{scaled:.0f}"
    return f"{text} {prefixes[exponent]}{unit}"


def between(low: str, high: str) -> str:
    """Two ends with the unit said once, or one where both read the same."""
    if low == high:
        return low
    number, _, unit = low.partition(" ")
    return f"{number if unit == high.partition(' ')[2] else low} to {high}"
