"""`interlock explain`."""

from __future__ import annotations

import math
from pathlib import Path

from interlock import api
from interlock.cli.flags import DeploymentFlags, Switch
from interlock.cli.show import heading, line, pairs, print_json, table
from interlock.cli.words import deployment, load, seconds
from interlock.inference.estimate import Estimate
from interlock.inference.explanation import Explanation, Lever, Line, Phase
from interlock.report.csv_table import explanation_csv
from interlock.report.page import explanation_page
from interlock.report.record import explanation_record
from interlock.report.write import write
from interlock.units import show


def explain(flags: DeploymentFlags, *, json: Switch = False, csv: Path | None = None, html: Path | None = None) -> None:
    """Show where the time, bytes and joules of a deployment go, and what would help most.

    Parameters
    ----------
    json
        Print a record instead of text.
    csv
        Write the operators as a CSV file.
    html
        Write a page with roofline, breakdown and table that opens with no network.
    """
    found = api.explain(flags.model, flags.chip, **flags.options())
    reports = [] if csv is None else [(csv, explanation_csv(found))]
    if html is not None:
        reports.append((html, explanation_page(found)))
    for path, text in reports:
        write(path, text)
    if json:
        print_json(explanation_record(found))
    else:
        _print(found)
    if found.estimate.problems:
        raise SystemExit(1)


def _print(found: Explanation) -> None:
    e = found.estimate
    heading(f"{e.request.model.name} on {deployment(e)}: {load(e)}, batch {e.request.batch}")
    pairs([("problem", text) for text in e.problems])
    if not math.isfinite(e.latency_s):
        return  # a problem said why; shares of an unknown time mean nothing
    _phase(found, "prefill", f"Prefill of one request: {seconds(float(e.service.prefill.time))}")
    if e.service.decode is not None:
        _phase(found, "decode", f"One decode step: {seconds(float(e.service.decode.time))}")
    heading("What would help most (throughput under this load)")
    columns = [("change", "left"), ("throughput", "right"), ("TTFT", "right"), ("TPOT", "right")]
    rows = [(lever.name, f"{lever.speedup:.2f}x", seconds(lever.ttft_s), _tpot(e, lever)) for lever in found.levers]
    table(columns, rows, indent=2)
    if e.notes:
        heading("Notes")
    for text in e.notes:
        line(f"  {text}")


def _tpot(e: Estimate, lever: Lever) -> str:
    return seconds(lever.tpot_s) if e.request.model.generates else ""


def _phase(found: Explanation, phase: Phase, title: str) -> None:
    heading(title)
    blocks = found.blocks(phase)
    total = sum(blocks.values()) or 1.0
    rows: list[tuple[str, ...]] = []
    for block, spent in blocks.items():
        rows.append((block, seconds(spent), f"{100 * spent / total:.1f} %", "", "", "", ""))
        inside = [item for item in found.lines if item.phase == phase and item.block == block]
        rows += [_row(item) for item in sorted(inside, key=lambda item: -item.time_s)]
    names = ("block, operator", "time", "share", "bound", "FLOP", "bytes", "energy")
    sides = ("left", "right", "right", "left", "right", "right", "right")
    table(list(zip(names, sides, strict=True)), rows)


def _row(item: Line) -> tuple[str, ...]:
    return (
        f"  {item.operator}",
        seconds(item.time_s),
        f"{100 * item.share:.1f} %",
        item.bound,
        show(item.flop, "") if item.flop else "",
        show(item.bytes, "B"),
        "" if item.joules is None else show(item.joules, "J"),
    )
