"""Words and figures that every face of a validation uses."""

from __future__ import annotations

from typing import Final

from interlock.units import show
from interlock.validation.comparison import Gap, Row, Validation
from interlock.validation.score import Score

_UNITS: Final = {"seconds": "s", "latency": "s", "ttft": "s", "tpot": "s", "itl": "s", "power": "W", "energy": "J"}
ERRORS: Final = "Error: predicted / measured - 1, of the rows that are predicted; bias: its mean, with the sign."


def titled(score: Score | Row | Gap) -> str:
    """The family, with what is measured where that is not seconds."""
    return kind_text(score.family, score.quantity)


def kind_text(family: str, quantity: str) -> str:
    """The same from its two names."""
    return family if quantity in {"seconds", family} else f"{family} {quantity.replace('_', ' ')}"


def group_of(score: Score, cut: str) -> str:
    """The group of a score in the dimension that families are cut by."""
    group = {"set": score.set_name, "chip": score.chip, "stack": score.stack, "format": score.format}
    group["kernel"] = score.kernel
    return group.get(cut, "")


def percent(ratio: float | None) -> str:
    """A ratio as a percentage without its sign; nothing where it is unknown."""
    if ratio is None:
        return ""
    value = 100 * ratio
    if abs(value) >= 99_999.5:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 9.95 else f"{value:.1f}"


def share(ratio: float | None) -> str:
    """A share as a percentage; 100 only where it is all."""
    return "99.9" if ratio is not None and 0.999 < ratio < 1 else percent(ratio)


def signed(ratio: float | None) -> str:
    """A ratio as a percentage with + or - before it."""
    return "" if ratio is None else f"{'+' if ratio > 0 else ''}{percent(ratio)}"


def unit_of(quantity: str) -> str:
    """The unit of a quantity, as its name tells; "" where it has none."""
    return "" if "_per_" in quantity else _UNITS.get(quantity.split("_")[-1], _UNITS.get(quantity.split("_")[0], ""))


def value_text(value: float, quantity: str) -> str:
    """A measured value with three digits and its unit, where the quantity names one."""
    unit = unit_of(quantity)
    return show(value, unit) if unit else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def shape_text(row: Row) -> str:
    """What was run: "m 64, n 4096, k 4096"; what does not apply is left out."""
    told = (
        (name.replace("_", " "), value) for name, value in row.shape.items() if value not in (0, "") and value == value
    )
    return ", ".join(f"{name} {value if isinstance(value, str) else f'{value:.12g}'}" for name, value in told)


def gap_text(gap: Gap, most: int = 4) -> str:
    """What is not predicted of a family: all of it, or rows of which chips."""
    if gap.missing == gap.rows:
        return f"all {gap.rows:,} rows; no prediction yet"
    chips = list(gap.chips.items())
    named = ", ".join(f"{chip} {count:,}" for chip, count in chips[:most])
    more = f" and {len(chips) - most} more chips" if len(chips) > most else ""
    return f"{gap.missing:,} of {gap.rows:,} rows ({named}{more})"


def doubtful_text(name: str, rows: int) -> str:
    """Rows that were faster than rated peaks and bandwidths allow."""
    return f"{rows:,} row{'' if rows == 1 else 's'} of {name}, scored as all others"


def counted(validation: Validation) -> str:
    """How much was compared."""
    sets = len(validation.sets)
    return f"{validation.rows:,} measurements of {sets} set{'' if sets == 1 else 's'}"
