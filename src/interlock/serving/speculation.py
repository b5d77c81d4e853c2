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

from interlock.cost import Chips
from interlock.errors import InputError
from interlock.hardware import Chip
from interlock.inference.request import divisibility
from interlock.inference.speculation import survival, tokens_per_pass
from interlock.models import Model, Scheme
from interlock.parallel import Parallelism
from interlock.serving.clock import StepClock, affine_clock, price_clock
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
        return np.random.default_rng(self.seed).integers(1, MODULUS, requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """What is asked for: `model` drafts, in the formats of `scheme`; None where drafts are looked up."""

    acceptance: tuple[float, ...]
    model: Model | None = None
    scheme: Scheme | None = None
    most: int = UNLIMITED
    seed: int = 0


def speculation(
    asked: Drafting, model: Model, scheme: Scheme, parallelism: Parallelism, chip: Chip, *, max_num_seqs: int,
    skew: float, overhead_s: float, chips: Chips,
) -> Speculation:  # fmt: skip
    """Price the clocks of verifying and of drafting, with the draft model cut as the model is.

    Raises:
        InputError: a draft model that cannot be cut so.
    """
    draft = FREE
    if asked.model is not None and asked.scheme is not None:
        reasons = divisibility(asked.model, parallelism)
        if reasons:
            raise InputError("--speculative-model", asked.model.name, f"one that is cut as the model: {reasons[0]}")
        draft = price_clock(
            asked.model, asked.scheme, parallelism, chip, max_num_seqs=max_num_seqs, skew=skew, chips=chips
        )
    verify = price_clock(
        model, scheme, parallelism, chip, max_num_seqs=max_num_seqs, skew=skew, overhead_s=overhead_s, chips=chips,
        queries=1 + len(asked.acceptance),
    )  # fmt: skip
    return Speculation(acceptance=asked.acceptance, verify=verify, draft=draft, most=asked.most, seed=asked.seed)


FREE: Final = affine_clock(base_s=0.0)  # of drafts that are looked up
NONE: Final = Speculation(acceptance=(), verify=FREE, draft=FREE)
