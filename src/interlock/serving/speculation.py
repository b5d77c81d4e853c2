"""Speculative decoding as the simulator takes it: how many drafts, how many are accepted, what drafting and verifying
take.

source: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023; for batches above
        which nothing is drafted, the option `disable_by_batch_size` of vLLM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.inference.speculation import survival, tokens_per_pass
from interlock.serving.clock import StepClock, affine_clock
from interlock.serving.core.speculate import MODULUS
from interlock.serving.policy import UNLIMITED


@dataclass(frozen=True, slots=True, kw_only=True)
class Speculation:
    """`acceptance`: of each drafted position, given that those before it were accepted.

    `verify`: a clock whose decoding sequences compute a token more than there are drafts; `draft`: that of the draft
    model, or one that takes no time. In batches of more than `most` nothing is drafted.
    """

    acceptance: tuple[float, ...]
    verify: StepClock
    draft: StepClock
    most: int = UNLIMITED
    seed: int = 0

    @property
    def drafts(self) -> int:
        """Tokens drafted a step, for each sequence."""
        return len(self.acceptance)

    @property
    def survival(self) -> NDArray[np.float64]:
        """The chance that each draft and all before it are accepted."""
        return survival(self.acceptance)

    @property
    def tokens_per_pass(self) -> float:
        """Mean tokens that a sequence gets a step."""
        return tokens_per_pass(self.acceptance)

    def luck(self, requests: int) -> NDArray[np.int64]:
        """Where the generator of each request starts."""
        if not self.drafts:
            return np.ones(requests, dtype=np.int64)
        return np.random.default_rng(self.seed).integers(1, MODULUS, requests)


FREE: Final = affine_clock(base_s=0.0)  # of drafts that are looked up
NONE: Final = Speculation(acceptance=(), verify=FREE, draft=FREE)
