"""What the predictor says a technique does to decoding, beside what it does to quality."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from interlock.api.accepted import loaded_format
from interlock.effects import Effect, with_effects
from interlock.errors import InterlockError
from interlock.hardware.installed import find as find_chip
from interlock.inference.estimate import estimate_request
from interlock.inference.request import Request
from interlock.lab.models.folder import ModelFolder
from interlock.models import model as read_model
from interlock.models import scheme
from interlock.parallel import Parallelism

_PROMPT: Final = 512.0
_OUTPUT: Final = 128.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedDecode:
    """Seconds of an output token for one user, before and after; `why` says what is not known."""

    chip: str
    before_s: float | None
    after_s: float | None
    why: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times faster."""
        return self.before_s / self.after_s if self.before_s and self.after_s else None


def predicted_decode(folder: ModelFolder, chip: str, effects: tuple[Effect, ...]) -> PredictedDecode:
    """One sequence on one chip, weights in 16 bits against the technique's formats.

    512 tokens in and 128 out, or a half and a quarter of the positions of a model that has fewer.

    Raises:
        InputError: an unknown chip.
    """
    on = find_chip(chip, "--chip")
    try:
        model = read_model(str(folder.path.resolve()))
        usual = scheme(loaded_format(model), "bf16", None, None)
        positions = model.max_positions or _PROMPT * 2
        prompt, output = min(_PROMPT, positions / 2), min(_OUTPUT, positions / 4)
        times = []
        for described, formats in ((model, usual), with_effects(model, usual, effects)):
            request = Request(
                model=described,
                chip=on,
                scheme=formats,
                parallelism=Parallelism(),
                batch=1,
                prompt=prompt,
                output=output,
                images=0.0,
                skew=0.0,
            )
            times.append(estimate_request(request).tpot_s)
    except InterlockError as error:
        return PredictedDecode(chip=on.id, before_s=None, after_s=None, why=str(error))
    known = [time if math.isfinite(time) else None for time in times]
    why = "" if all(known) else "a rate that it needs is not published"
    return PredictedDecode(chip=on.id, before_s=known[0], after_s=known[1], why=why)
