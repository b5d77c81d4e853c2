"""The flags of speculative decoding, spelt as vLLM spells them, and the acceptance that it would measure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from interlock.api.accepted import loaded_format, resolve_model, size_of
from interlock.cli.flags import Whole
from interlock.errors import InputError, shown
from interlock.inference.speculation import positions
from interlock.models import scheme
from interlock.serving.policy import UNLIMITED
from interlock.serving.speculation import Drafting

_FIELDS = ("model", "method", "num_speculative_tokens", "acceptance_rate", "disable_by_batch_size")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SpeculationFlags:
    """How tokens are drafted; not at all if none of these is given."""

    speculative_model: str | None = None
    """The model that drafts: a shipped name, a config.json or a folder; ngram looks drafts up, at no cost."""
    num_speculative_tokens: Whole | None = None
    """Tokens drafted a step, for each sequence."""
    acceptance_rate: str | None = None
    """Share of drafts that are kept, such as 0.8, or one for each position: 0.8,0.7,0.6."""
    speculative_disable_by_batch_size: Annotated[Whole | None, Parameter(show_default=False)] = None
    """Draft nothing in batches of more sequences than this."""
    speculative_config: str | None = None
    """All of these as vLLM's JSON, with acceptance_rate and disable_by_batch_size as keys."""

    def drafting(self, seed: int) -> Drafting | None:
        """What the flags say together; single flags go before the JSON.

        Raises:
            InputError: drafts without an acceptance rate, or what is not vLLM's JSON.
        """
        given: dict[str, Any] = {
            "model": self.speculative_model,
            "num_speculative_tokens": self.num_speculative_tokens,
            "acceptance_rate": self.acceptance_rate,
            "disable_by_batch_size": self.speculative_disable_by_batch_size,
        }
        found = _read(self.speculative_config) | {key: value for key, value in given.items() if value is not None}
        if not found:
            return None
        drafts, rate = found.get("num_speculative_tokens"), found.get("acceptance_rate")
        if not isinstance(drafts, int) or isinstance(drafts, bool) or drafts < 1:
            raise InputError("--num-speculative-tokens", shown(str(drafts)), "a whole number of 1 or more")
        if rate is None:
            accepted = "the share of drafts that your model keeps, such as 0.8; it depends on both models and the texts"
            raise InputError("--acceptance-rate", "nothing", accepted)
        name = found.get("model") or found.get("method")
        if name is None:
            raise InputError("--speculative-model", "nothing", "a model that drafts, or ngram")
        text = ",".join(map(str, rate)) if isinstance(rate, list) else str(rate)
        most = found.get("disable_by_batch_size")
        model = None if name == "ngram" else resolve_model(str(name))
        return Drafting(
            model=model,
            scheme=None if model is None else scheme(loaded_format(model), "bf16", None),
            acceptance=positions(text, drafts, "--acceptance-rate"),
            most=UNLIMITED if most is None else size_of(most, "--speculative-disable-by-batch-size"),
            seed=seed,
        )


def _read(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    where, accepted = "--speculative-config", f"a JSON object with {', '.join(_FIELDS)}"
    try:
        found = json.loads(text)
    except ValueError:
        raise InputError(where, shown(text), accepted) from None
    if not isinstance(found, dict) or not set(found) <= set(_FIELDS):
        raise InputError(where, shown(text), accepted)
    return found
