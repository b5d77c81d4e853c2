"""Grok: the first model is open and counted, later ones are undisclosed."""

from interlock.exhibits.base import Reproduction, reproduction, within
from interlock.exhibits.model_size import about, active_parameters, parameters
from interlock.exhibits.undisclosed import disclosure, undisclosed_figures

CLAIM = disclosure("grok")


def run() -> Reproduction:
    """Grok-1 within 1 % of 314 billion, a quarter of it active; the others cannot be predicted."""
    share = active_parameters("grok-1") / parameters("grok-1")
    return reproduction(
        about("grok-1", 314e9),
        within("share of the weights active for a token", 0.25, share, 0.08, note="2 of 8 experts, and attention"),
        *undisclosed_figures("grok"),
    )
