"""`interlock lab sweep`: many techniques on one model, quality against bits and predicted speed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from interlock.cli.flags import Switch, listed
from interlock.cli.lab_flags import JudgeFlags
from interlock.cli.lab_progress import steps
from interlock.cli.lab_quality import decode_row, judged_by
from interlock.cli.show import heading, line, pairs, print_json, table
from interlock.errors import InputError, shown
from interlock.evidence.quality import QualityRecord
from interlock.evidence.quality_rows import percent_text, quality_row
from interlock.report.page.quality import quality_csv, quality_page
from interlock.report.write import write

if TYPE_CHECKING:
    from interlock.lab.quality.sweep import Entry


def sweep(
    flags: JudgeFlags | None = None,
    *,
    techniques: str = "rtn,gptq,awq",
    bits: str | None = None,
    group_sizes: str | None = None,
    chip: str = "jetson-orin-nano-8g",
    json: Switch = False,
    csv: Path | None = None,
    html: Path | None = None,
) -> None:
    """Measure many techniques on one model; a sweep that was stopped goes on where it was.

    Parameters
    ----------
    techniques
        Names separated by commas, each with parameters behind a colon if wanted: rtn,gptq:bits=3,group_size=64.
    bits
        Bits of a weight to try, separated by commas, for techniques that have them.
    group_sizes
        Group sizes to try, separated by commas; 0 for a whole row.
    chip
        The chip for which the effect on decoding is predicted.
    json
        Print records instead of text.
    csv
        Write the records as a CSV file.
    html
        Write a page with charts and tables that opens with no network.
    """
    from interlock.lab.extras import require_lab

    require_lab()
    from interlock.lab.quality.asked import asked_techniques
    from interlock.lab.quality.sweep import sweep as run

    asked = asked_techniques(techniques, _numbers(bits, "--bits"), _numbers(group_sizes, "--group-sizes"))
    with steps() as advance:
        study = (flags or JudgeFlags()).study(lambda what, done, total: None)
        entries = run(study, asked, chip, lambda done, total, label: advance(label, done, total))
    original = study.original
    rows = _rows(entries, original)
    refused = [(entry.label, entry.why) for entry in entries if entry.record is None]
    reports = [] if csv is None else [(csv, quality_csv(rows))]
    if html is not None:
        reports.append((html, quality_page(original.model, judged_by(original), rows, refused)))
    for path, content in reports:
        write(path, content)
    if json:
        print_json({"records": rows, "refused": [{"label": label, "why": why} for label, why in refused]})
    else:
        _print(entries, original, refused)


def _numbers(text: str | None, flag: str) -> list[int]:
    found = listed(text, flag) or []
    if not all(item.isdigit() and len(item) < 7 for item in found):
        raise InputError(flag, shown(text), "whole numbers separated by commas")
    return [int(item) for item in found]


def _rows(entries: list[Entry], original: QualityRecord) -> list[dict[str, Any]]:
    measured = [(entry.record, entry.decode) for entry in entries if entry.record and entry.decode]
    first = [quality_row(original, original, decode_row(measured[0][1], original) if measured else None)]
    return first + [quality_row(record, original, decode_row(decode, record)) for record, decode in measured]


def _print(entries: list[Entry], original: QualityRecord, refused: list[tuple[str, str]]) -> None:
    heading(f"{original.model}: {len(entries) - len(refused)} techniques beside the original")
    line(judged_by(original))
    line()
    rows = [["original", "16", f"{original.figures['perplexity'][0]:.4g}", "", "1"]]
    for entry in entries:
        if entry.record is None or entry.decode is None:
            continue
        figures, ratio = entry.record.figures, entry.decode.ratio
        rows.append(
            [
                entry.label,
                f"{entry.record.weight_bits(original):.3g}",
                f"{figures['perplexity'][0]:.4g}",
                percent_text(figures["perplexity_loss"]),
                f"{ratio:.3g}" if ratio else "unknown",
            ]
        )
    columns = [("", "wrap"), ("bits a\nweight", "right"), ("perplexity", "right"), ("more perplexity", "left")]
    table([*columns, ("times as fast,\npredicted", "right")], rows)
    repeated = sum(entry.was_known for entry in entries)
    if repeated:
        line(f"\n{repeated} of {len(entries)} were known from earlier measurements.")
    if refused:
        heading("Refused")
        pairs(refused)
