"""The page of a plan: the question, the answer, the front, why others lost, what a limit costs."""

from __future__ import annotations

from collections.abc import Sequence

from interlock.inference.estimate import Estimate
from interlock.inference.explanation import Explanation
from interlock.report.charts import memory_chart, pareto_chart
from interlock.report.charts.chart import Spec
from interlock.report.deployments import deployments, formats, label
from interlock.report.figures import Figure, figures_of
from interlock.report.page.document import document
from interlock.report.page.elements import bullets, joined, section, text
from interlock.report.page.explanation import explanation_parts
from interlock.report.page.parts import answer, card, chart_place, header, sources
from interlock.report.page.question import limit_name, limit_value, question
from interlock.report.page.table import Cell, figure_cell, name_cell, number_cell, table
from interlock.report.page.trials import trials_section
from interlock.report.quality import quality_words
from interlock.report.record import estimate_record
from interlock.search import Plan
from interlock.search.loss import percent

_FRONT = "No deployment here is beaten by another in cost, throughput, latency and energy at once."


_QUALITY = "More perplexity than the unquantized model, with the ends of its interval; limits hold the high end."


def plan_page(plan: Plan, explanation: Explanation | None = None) -> str:
    """A plan as one HTML file that needs no network; with an explanation, where the recommended one's time goes.

    Raises:
        MissingExtraError: the Vega runtime is not installed.
    """
    found = deployments(plan)
    charts: dict[str, Spec] = {"pareto": pareto_chart(plan), "front-memory": memory_chart(plan)} if found else {}
    trials, drawn = trials_section(plan)
    parts, more = explanation_parts(explanation) if explanation else ([], {})
    counted = f"{plan.feasible:,} of {plan.candidates:,} candidates on {len(plan.space.chips)} chips meet the limits."
    body = joined(
        header("Deployment plan", plan.space.model.name, question(plan), counted),
        _answer(plan),
        trials,
        section("What speed costs", chart_place("pareto", "Pareto front of the plan")) if found else "",
        section("The front", text("p", _FRONT, "soft"), _front(plan, found)) if found else "",
        section("Quality", text("p", _QUALITY, "soft"), _quality(plan)) if plan.space.offers else "",
        section("Why the others lost", _runners(plan)),
        section("What a limit costs", _relaxations(plan)),
        section("Memory", chart_place("front-memory", "Memory of one chip")) if found else "",
        *parts,
        section("Remarks", bullets(plan.notes)),
        sources([plan.recommended] if plan.recommended else found),
    )
    return document(f"{plan.space.model.name}: deployment plan", body, {**charts, **drawn, **more})


def _answer(plan: Plan) -> str:
    if plan.recommended is not None:
        known = quality_words(plan.space.offer(plan.recommended.request.scheme))[:1]
        told = [f"Closest to a limit: {plan.binding}."] if plan.binding else []
        told += [f"{plan.preferred[0].upper()}{plan.preferred[1:]}."] if plan.preferred else []
        return answer("Recommended", plan.recommended, " ".join([*told, *(f"Quality: {line}." for line in known)]))
    title = "No recommendation" if plan.front else "Nothing meets the goals"
    return card(section(title, bullets(plan.missing, "problem")))


def _front(plan: Plan, found: Sequence[Estimate]) -> str:
    figures = figures_of(plan.space.model)
    headings = ["Chip", "Cut", "Batch", "Formats", *(figure.title for figure in figures)]
    return table(headings, [_row(estimate, figures) for estimate in found], 0 if plan.recommended else None)


def _row(estimate: Estimate, figures: Sequence[Figure]) -> list[Cell]:
    r, record = estimate.request, estimate_record(estimate)
    return [
        name_cell(r.chip.id),
        Cell(text=r.parallelism.name, value=record["chips"], look="name"),
        number_cell(str(r.batch), r.batch),
        name_cell(formats(estimate)),
        *(figure_cell(figure, record) for figure in figures),
    ]


def _quality(plan: Plan) -> str:
    rows = []
    for offer in plan.space.offers:
        loss = offer.loss
        cells = (
            [number_cell(percent(end), end) for end in (loss.value, loss.low, loss.high)]
            if loss
            else [Cell(text="")] * 3
        )
        known = f"{loss.known}: {loss.reference}" if loss else "unknown"
        counts = "yes" if offer.counts(plan.goals.quality_basis) else "no"
        rows.append(
            [
                name_cell(offer.scheme.name),
                Cell(text=offer.technique or ""),
                *cells,
                Cell(text=known),
                Cell(text=counts),
            ]
        )
    return table(["Formats", "Technique", "Loss", "at least", "at most", "How it is known", "Counts"], rows)


def _runners(plan: Plan) -> str:
    rows = [
        [
            name_cell(runner.chip),
            Cell(text=runner.why, value=runner.ratio if runner.ratio < float("inf") else ""),
            Cell(text=label(runner.estimate) if runner.estimate else ""),
        ]
        for runner in plan.runners
    ]
    return table(["Chip", "Why", "Its best"], rows)


def _relaxations(plan: Plan) -> str:
    rows = [
        [
            name_cell(limit_name(item.limit)),
            number_cell(limit_value(item.limit, item.value), item.value),
            number_cell(f"{item.ratio:.2f} ×", item.ratio),
            Cell(text=label(item.example)),
        ]
        for item in plan.relaxations
    ]
    return table(["Without the limit on", "now", "the objective becomes", "for example with"], rows)
