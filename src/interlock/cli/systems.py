"""`interlock systems`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cyclopts import App

from interlock.cli.flags import Switch
from interlock.cli.show import heading, line, matching, pairs, print_json, progress, table
from interlock.cli.words import some
from interlock.errors import InputError
from interlock.exhibits.base import Exhibit, Figure, Reproduction
from interlock.exhibits.discovery import exhibit, exhibit_ids, run, run_all
from interlock.exhibits.systems import System, system, systems

app = App(name="systems", help="List the systems of the literature, or run the exhibits that show them.")
_STATES = ("works", "in part", "not yet")
_MUST = {"equal": "", "within": "≈ ", "below": "≤ ", "above": "≥ ", "differs": "≠ ", "holds": ""}


@app.default
def listing(name: str | None = None, /, *, search: str = "", status: str | None = None, json: Switch = False) -> None:
    """List the systems of the literature with an honest status each, or show one.

    Parameters
    ----------
    name
        A system's id.
    search
        Only systems whose id, name or family contains this.
    status
        Only systems of this status: works, in part, or not yet.
    json
        Print records instead of text.
    """
    if status not in (None, *_STATES):
        raise InputError("--status", repr(status), f"one of {', '.join(_STATES)}")
    if name is not None:
        one = system(name)
        print_json(_record(one)) if json else _one(one)
        return
    found = [item for item in systems() if matching(search, item.id, item.name, item.family)]
    found = [item for item in found if status is None or item.progress == status]
    if json:
        print_json([_record(item) for item in found])
        return
    table([("system", "left"), ("status", "left"), ("name", "wrap")],
          [(item.id, item.progress, item.name) for item in found])  # fmt: skip
    tally = ", ".join(f"{sum(item.progress == state for item in found)} {state}" for state in _STATES)
    line(f"\n{some(len(found), 'system')}: {tally}. `interlock systems NAME` shows one.")


@app.command(name="run")
def run_exhibits(name: str | None = None, /, *, all: Switch = False, json: Switch = False) -> None:  # noqa: A002
    """Run one exhibit, or all of them: what is claimed beside what is reproduced.

    Parameters
    ----------
    name
        A system's id.
    all
        Run every exhibit.
    json
        Print records instead of text.
    """
    if all == (name is not None):
        raise InputError("systems run", "both" if all else "neither", "the name of a system, or --all")
    if name is not None:
        found = system(name)
        if found.id not in exhibit_ids():
            raise InputError("systems run", repr(name), f"a system with an exhibit; {found.id} has none yet")
        results = [run(found.id)]
    else:
        with progress("running exhibits") as advance:
            results = list(run_all(lambda done, total, _name: advance(done, total)))
    passed = sum(reproduction.passed for _, reproduction in results)
    if json:
        print_json([_result(each, reproduction) for each, reproduction in results])
    else:
        for each, reproduction in results:
            _print(each, reproduction)
        line(f"\n{passed} of {some(len(results), 'exhibit')} {'passes' if len(results) == 1 else 'pass'}")
        ran = {each.id for each, _ in results}
        skipped: dict[str, list[str]] = {}
        for missing in exhibit_ids() if all else ():
            if missing not in ran and (left := exhibit(missing)) is not None:
                skipped.setdefault(left.needs, []).append(missing)
        for extra, names in skipped.items():
            line(f"not run without interlock[{extra}]: {some(len(names), 'exhibit')}, {', '.join(names)}")
    if passed < len(results):
        raise SystemExit(1)


def _record(item: System) -> dict[str, Any]:
    return {**asdict(item), "status": item.status}


def _one(item: System) -> None:
    heading(f"{item.id}: {item.name}")
    rows = [
        ("family", item.family),
        ("named in", ", ".join(item.named_in)),
        ("what", item.what),
        ("headline", item.headline),
        ("check", item.check),
        ("status", item.status),
    ]
    pairs([*rows, ("run it", f"interlock systems run {item.id}")] if item.progress != "not yet" else rows)


def _result(exhibit: Exhibit, reproduction: Reproduction) -> dict[str, Any]:
    return {
        "system": exhibit.id,
        "claim": asdict(exhibit.claim),
        "missing": exhibit.missing,
        "passed": reproduction.passed,
        "figures": [{**asdict(figure), "passed": figure.passed} for figure in reproduction.figures],
    }


def _print(exhibit: Exhibit, reproduction: Reproduction) -> None:
    heading(f"{'pass' if reproduction.passed else 'FAIL'}  {exhibit.id}: {exhibit.claim.text}")
    columns = [("", "wrap"), ("reproduced", "right"), ("claimed", "right"), ("", "left"), ("", "left")]
    table(columns, [_row(figure) for figure in reproduction.figures], indent=2)
    if exhibit.missing:
        line(f"  not shown: {exhibit.missing}")


def _row(f: Figure) -> tuple[str, ...]:
    return (
        f.what,
        _shown(f.reproduced),
        f"{_MUST[f.comparison]}{_shown(f.claimed)}",
        f.unit,
        "" if f.passed else "FAIL",
    )


def _shown(value: float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
