"""A plan on the terminal."""

from __future__ import annotations

from interlock.cli.show import heading, line, pairs, table
from interlock.cli.words import count, deployment, evidence, formats, performance, seconds, some, start, usd
from interlock.report.quality import quality_words
from interlock.search import Plan
from interlock.search.goals import OBJECTIVES
from interlock.search.trial import ATTAIN
from interlock.units import between, show


def print_plan(p: Plan) -> None:
    """The question, the answer or what is missing for one, and what else was found."""
    _question(p)
    if p.recommended is None:
        heading("Nothing meets the limits")
        pairs([("missing", text) for text in p.missing])
    else:
        heading(f"Recommended: {deployment(p.recommended)}")
        quality = zip(
            ("quality", "known from"), quality_words(p.space.offer(p.recommended.request.scheme)), strict=False
        )
        preferred = [("preferred", p.preferred)] if p.preferred else []
        pairs([*performance(p.recommended), *quality, ("limited by", p.binding), *preferred, *start(p.recommended)])
        pairs([("note", text) for text in p.recommended.notes])
    _trials(p)
    if p.recommended is not None:
        _front(p)
    _quality(p)
    _runners(p)
    _relaxations(p)
    heading("Notes")
    for text in ([f"evidence: {evidence(p.recommended)}"] if p.recommended else []) + list(p.notes):
        line(f"  {text}")


def _question(p: Plan) -> None:
    space, goals = p.space, p.goals
    times = (("TTFT", goals.ttft_s), ("TPOT", goals.tpot_s), ("request", goals.latency_s))
    limits = [f"{name} at most {seconds(value)}" for name, value in times if value is not None]
    limits += [f"at most {show(goals.power_w, 'W')}"] if goals.power_w else []
    limits += [f"{goals.rate:g} requests/s"] if goals.rate else []
    limits += [f"quality loss at most {show(goals.max_quality_loss, 'ratio')}"] if goals.max_quality_loss else []
    asked = ", ".join([*limits, f"at most {some(goals.max_chips, 'chip')}"])
    out = f", {space.output:g} out" if space.model.generates else ""
    heading(f"{space.model.name}: {space.prompt:g} tokens in{out}; {asked}")
    line(
        f"{some(p.candidates, 'deployment')} on {some(len(space.chips), 'chip')} priced, "
        f"{p.feasible:,} meet the limits; ranked by {_objective(p)}"
    )


def _trials(p: Plan) -> None:
    """What the shortlist does under traffic, best first."""
    trials = p.trials
    if trials is None:
        return
    traffic = f"{some(trials.requests, 'request')} of {trials.traffic}, {trials.rate:.3g}/s"
    heading(f"Simulated under {trials.policy}: {traffic}")
    rows = []
    for trial in trials.ranked:
        m = trial.compared.metrics
        share = "" if m.within_slo is None else f"{100 * m.within_slo:.1f}"
        ends = trial.compared.ends("within_slo")
        band = "" if ends is None or m.within_slo is None else between(*(f"{100 * end:.0f}" for end in ends))
        worth = "" if m.goodput_per_usd is None else count(m.goodput_per_usd)
        rows.append((trial.compared.label, share, band, seconds(m.ttft.p99), seconds(m.tpot.p99), worth))
    columns = [("deployment", "left"), ("good\n%", "right"), ("90 %\nband", "right"), ("TTFT\np99", "right"),
               ("TPOT\np99", "right"), ("good\nper $", "right")]  # fmt: skip
    table(columns, rows)
    for text in trials.left_out:
        line(f"  not simulated: {text}")
    wanted = f"{100 * ATTAIN:.0f} % good are wanted; ranked by good requests per dollar among those that have them."
    line(f"\n{wanted} Shortlist: the recommended, lowest and Pareto deployments and each chip's best; a replica more "
         "where one is short.")  # fmt: skip


def _objective(p: Plan) -> str:
    said = OBJECTIVES[p.goals.objective]
    return said if p.space.model.generates else said.replace("output token", "request")


def _front(p: Plan) -> None:
    if not p.front:
        return
    generates = p.space.model.generates
    figures = ("TTFT", "TPOT", "tok/s\n/chip", "$/Mtok", "J/tok")
    if not generates:
        figures = ("latency", "", "req/s\n/chip", "$/Mreq", "J/req")
    heading(f"Pareto set: cost, throughput, {'TTFT, TPOT' if generates else 'latency'}, energy")
    columns = [("deployment", "left"), ("formats", "left"), *((name, "right") for name in ("batch", *figures))]
    rows = []
    for e in p.front:
        r = e.request
        chips = int(r.parallelism.chips)
        cut = "" if chips == 1 else f" {r.parallelism.name}"
        times = (seconds(e.ttft_s), seconds(e.tpot_s) if generates else "", count(e.tokens_per_s / chips))
        joules = "?" if e.joules_per_token is None else f"{e.joules_per_token:.2g}"
        rows.append((f"{r.chip.id}{cut}", formats(r.scheme), r.batch, *times, usd(e.usd_per_million_tokens), joules))
    table(columns, rows)


def _quality(p: Plan) -> None:
    """The formats of the deployments shown: what each costs in answers, and how that is known."""
    shown = {e.request.scheme.name: p.space.offer(e.request.scheme) for e in p.front}
    rows = [
        (formats(offer.scheme), offer.technique or "", str(offer.loss)) for offer in shown.values() if offer is not None
    ]
    if rows:
        heading("Quality: more perplexity than the unquantized model, with its interval")
        table([("formats", "left"), ("technique", "wrap"), ("loss", "wrap")], rows, indent=2)


def _runners(p: Plan) -> None:
    if not p.runners:
        return
    heading("Why the other chips lost")
    rows = [
        (item.chip, item.why if item.estimate is None else f"{item.why}: {deployment(item.estimate)}")
        for item in p.runners
    ]
    table([("chip", "left"), ("best it can do", "wrap")], rows, indent=2)


def _relaxations(p: Plan) -> None:
    if not p.relaxations:
        return
    heading("Which limit costs most")
    rows = [(item.limit, f"{1 / item.ratio:.2f} times better", deployment(item.example)) for item in p.relaxations]
    table([("without", "left"), (_objective(p), "wrap"), ("with", "left")], rows, indent=2)
