"""The parts that pages share: the card of a deployment, its sources, the place of a chart."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from interlock.inference.estimate import Estimate
from interlock.report.deployments import formats
from interlock.report.figures import figures_of
from interlock.report.page.elements import bullets, element, joined, section, text
from interlock.report.page.table import Cell, definitions, name_cell, table
from interlock.report.record import estimate_record, source_records


def header(kicker: str, title: str, *lines: str) -> str:
    """What the page is about: lines below the title, the first of them larger."""
    below = [text("p", line, "soft" if place else "question") for place, line in enumerate(lines)]
    return element("header", joined(text("p", kicker, "kicker"), text("h1", title), *below))


def answer(title: str, estimate: Estimate, remark: str = "") -> str:
    """A deployment as a card: what it is, its figures, the command that starts it."""
    r, record = estimate.request, estimate_record(estimate)
    chips = f"{record['chips']} × {r.chip.name}" if record["chips"] > 1 else r.chip.name
    evidence = text("span", record["evidence"], "badge")
    inside = joined(
        text("h2", title),
        text("p", f"{chips}: {r.parallelism.name}, batch {r.batch}, {formats(estimate)}", "answer"),
        definitions((figure.title, figure.text(record[figure.key])) for figure in figures_of(r.model)),
        bullets(estimate.problems, "problem"),
        text("p", remark),
        _command(record["command"] or ""),
        bullets([*filter(None, (record["command_note"] or "").split("; ")), *estimate.notes], "soft"),
        element("p", f"Weakest evidence: {evidence}", look="soft"),
    )
    return card(inside)


def _command(line: str) -> str:
    """A shell line whose flags stay together with their values."""
    first, *flags = line.split(" --")
    return element("pre", " ".join([escape(first), *(text("span", f"--{flag}") for flag in flags)])) if line else ""


def card(inside: str) -> str:
    """A frame around HTML."""
    return element("div", f"\n{inside}\n", look="card")


def chart_place(name: str, about: str) -> str:
    """Where the page draws a chart."""
    place = element("div", "", look="chart", id=name, role="img", aria_label=about)
    return element("div", place, look="scroll")


def sources(estimates: Iterable[Estimate]) -> str:
    """Every source of several estimates, each once, with its evidence class."""
    records = source_records(source for estimate in estimates for source in estimate.sources)
    rows = [
        [name_cell(item["kind"]), Cell(text=" ".join(filter(None, (item["ref"], item["note"]))))] for item in records
    ]
    return section("What the figures stand on", table(["Evidence", "Source"], rows))
