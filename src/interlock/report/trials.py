"""The simulated shortlist of a plan as plain data."""

from __future__ import annotations

from typing import Any

from interlock.report.serving import serving_record
from interlock.search.trial import ATTAIN, Trials


def trials_record(trials: Trials | None) -> dict[str, Any] | None:
    """What was simulated and found, best first; None where nothing was."""
    if trials is None:
        return None
    return {
        "policy": trials.policy,
        "traffic": trials.traffic,
        "requests": trials.requests,
        "rate": trials.rate,
        "share_wanted": ATTAIN,
        "deployments": [
            {
                "deployment": trial.compared.label,
                "chip": trial.estimate.request.chip.id,
                "chips": int(trial.estimate.request.parallelism.chips),
                "cut": trial.estimate.request.parallelism.name,
                "formats": trial.estimate.request.scheme.name,
                "max_num_seqs": trial.estimate.request.batch,
                "meets": trial.meets,
                "good_requests_per_usd": trial.compared.metrics.goodput_per_usd,
                "binding": trial.binding or None,
                "simulated": serving_record(trial.compared),
            }
            for trial in trials.ranked
        ],
        "left_out": list(trials.left_out),
    }
