"""`interlock lab compare`: what papers say is better than what, measured on one model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.cli.flags import Switch, listed
from interlock.cli.lab_flags import JudgeFlags
from interlock.cli.lab_progress import steps
from interlock.cli.show import heading, line, pairs, print_json, table
from interlock.errors import InputError, UnknownNameError
from interlock.evidence.quality_rows import interval_text, percent_text
from interlock.report.measured_toml import measured_toml
from interlock.report.write import write
from interlock.search.shipped_quality import MeasuredTable, shipped_tables

if TYPE_CHECKING:
    from interlock.lab.quality.comparisons import Compared


def compare(
    flags: JudgeFlags | None = None,
    *,
    only: str | None = None,
    shipped: Switch = False,
    json: Switch = False,
    toml: Path | None = None,
) -> None:
    """Measure what papers say is better than what, on one model; what was stopped goes on where it was.

    Parameters
    ----------
    only
        Comparisons to make, by name, separated by commas; all if absent.
    shipped
        Show what was measured before and ships with the package, instead of measuring.
    json
        Print records instead of text.
    toml
        Write the measurements as the table that ships.
    """
    wanted = listed(only, "--only") or []
    asked = flags or JudgeFlags()
    found, refused = (_shipped(asked.model, wanted), ()) if shipped else _measured(asked, wanted)
    if toml is not None:
        write(toml, measured_toml(found))
    if json:
        print_json({**asdict(found), "refused": [{"technique": name, "why": why} for name, why in refused]})
    else:
        _print(found, refused)


def _measured(flags: JudgeFlags, wanted: list[str]) -> tuple[MeasuredTable, tuple[tuple[str, str], ...]]:
    from interlock.lab.extras import require_lab

    require_lab()
    from interlock.lab.quality.comparisons import chosen_comparisons, measured_table
    from interlock.lab.quality.comparisons import compare as run

    comparisons = chosen_comparisons(wanted)
    with steps() as advance:
        study = flags.study(lambda what, done, total: None)
        found: Compared = run(study, comparisons, lambda done, total, label: advance(label, done, total))
    return measured_table(study, found), found.refused


def _shipped(model: str, wanted: list[str]) -> MeasuredTable:
    tables = shipped_tables()
    if model not in tables:
        raise InputError("--model", model, f"a model whose figures ship: {', '.join(tables)}")
    names = {pair.name for pair in tables[model].pairs}
    for name in wanted:
        if name not in names:
            raise UnknownNameError("comparison", name, names, "--only")
    return tables[model].only(wanted) if wanted else tables[model]


def _print(found: MeasuredTable, refused: tuple[tuple[str, str], ...]) -> None:
    heading(f"{found.model}: {len(found.pairs)} comparisons")
    line(f"{found.judged}; calibrated on {found.calibration_tokens:,}.")
    line()
    rows = [
        (
            f"{_spaced(row.technique) or 'original'}{f', outliers {row.outliers:g}' if row.outliers else ''}",
            f"{row.bits:.3g}",
            interval_text(row.perplexity),
            percent_text(row.perplexity_loss) if row.technique else "",
        )
        for row in found.rows
    ]
    table([("", "wrap"), ("bits a\nweight", "right"), ("perplexity", "left"), ("more perplexity", "left")], rows)
    line()
    claims = [(pair.what, percent_text(pair.gap), pair.verdict) for pair in found.pairs]
    table([("claim", "wrap"), ("second's perplexity\nabove the first's", "left"), ("", "left")], claims)
    if refused:
        heading("Refused")
        pairs(refused)
    for note in found.notes:
        line(f"\n{note[0].upper()}{note[1:]}.")
    line("\nIn brackets: 95 % intervals, from windows drawn again; differences are paired.")


def _spaced(technique: str) -> str:
    """With blanks to break lines at."""
    return technique.replace(":", " ", 1).replace(",", " ")
