"""Table II's efficiency column: absolute values and ratios, typed, so that unlike ones are not ranked."""

from typing import Any

from interlock.errors import UnsupportedError
from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.exhibits.facts import table

CLAIM = claim("energy efficiency of 21 accelerators, TOPS/W", "the survey, Table II")


def unit_of(record: dict[str, Any]) -> tuple[str, ...] | None:
    """What a value may be compared with: absolute ones of one precision, or ratios over one named baseline."""
    if "absolute" in record:
        return ("TOPS/W", record["precision"])
    if record.get("ratio") and record["baseline"]:
        return ("times", record["baseline"])
    return None


def ranked(records: list[dict[str, Any]]) -> list[str]:
    """Names, most efficient first.

    Raises:
        UnsupportedError: the values have no common unit.
    """
    units = {unit_of(record) for record in records}
    if len(units) != 1 or None in units:
        raise UnsupportedError(f"{len(units)} units do not compare")
    return [r["name"] for r in sorted(records, key=lambda r: -float(r.get("absolute") or r["ratio"]))]


def refused(records: list[dict[str, Any]]) -> bool:
    """Whether a ranking is refused."""
    try:
        ranked(records)
    except UnsupportedError:
        return True
    return False


def run() -> Reproduction:
    """21 records: 5 absolute, 9 ratios to 7 named baselines, 7 blank; and which of them rank."""
    records = table("table_ii")["rows"]
    ratios = [r for r in records if "ratio" in r]
    absolute = [r for r in records if "absolute" in r]
    int8 = [r for r in absolute if r["precision"] == "INT8"]
    return reproduction(
        exactly("records", 21, len(records)),
        exactly("absolute values", 5, len(absolute)),
        exactly("ratios", 9, len(ratios)),
        exactly("blank", 7, len(records) - len(absolute) - len(ratios)),
        exactly("named baselines", 7, len({r["baseline"] for r in ratios if r["baseline"]})),
        exactly("tapeouts", 3, sum(r["platform"] == "tapeout" for r in records)),
        holds("ranking the whole column is refused", refused(records)),
        holds("so is ranking ratios to different baselines", refused(ratios)),
        holds("the three INT8 values rank", ranked(int8) == ["C-Transformer", "TranCIM", "X-Former"]),
    )
