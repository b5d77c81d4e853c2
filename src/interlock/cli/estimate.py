"""`interlock estimate`."""

from __future__ import annotations

from interlock import api
from interlock.cli.flags import DeploymentFlags, Switch
from interlock.cli.show import heading, pairs, print_json
from interlock.cli.words import deployment, evidence, load, performance, start
from interlock.report.record import estimate_record


def estimate(flags: DeploymentFlags, *, json: Switch = False) -> None:
    """Estimate one deployment: latency, throughput, cost, energy, memory.

    Parameters
    ----------
    json
        Print a record instead of text.
    """
    found = api.estimate(flags.model, flags.chip, **flags.options())
    if json:
        print_json(estimate_record(found))
    else:
        heading(f"{found.request.model.name} on {deployment(found)}: {load(found)}")
        pairs([("problem", text) for text in found.problems])
        pairs([*performance(found), *start(found)])
        pairs([("evidence", evidence(found))])
        pairs([("note", text) for text in found.notes])
    if found.problems:
        raise SystemExit(1)
