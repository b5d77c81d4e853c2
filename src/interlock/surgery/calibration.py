"""Calibration data: token sequences of one length and the seed of whatever is random beside them.

keeps: the tokens are checked once, here; everything behind trusts them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from interlock.errors import InputError

SHORTEST: Final = 8  # tokens in a sequence; fewer show a decoder nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Token identifiers, int64 [sequences, length], and a seed.

    Raises:
        InputError: not int64, not two axes, empty, too short, or negative identifiers.
    """

    tokens: Tensor
    seed: int = 0

    def __post_init__(self) -> None:
        shape = tuple(self.tokens.shape)
        if self.tokens.dtype != torch.int64 or len(shape) != 2:
            raise InputError("calibration", f"{self.tokens.dtype} of shape {shape}", "int64 [sequences, length]")
        if shape[0] < 1 or shape[1] < SHORTEST:
            raise InputError("calibration", f"{shape[0]} sequences of {shape[1]}", f"one or more of {SHORTEST} tokens")
        if int(self.tokens.min()) < 0:
            raise InputError("calibration", f"token {int(self.tokens.min())}", "identifiers from 0")

    @property
    def count(self) -> int:
        """Tokens in all."""
        return self.tokens.numel()

    def fits(self, model: nn.Module) -> None:
        """Check the tokens against a model's vocabulary.

        Raises:
            InputError: a token that the model does not have.
        """
        size = getattr(getattr(model, "config", None), "vocab_size", None)
        largest = int(self.tokens.max())
        if size is not None and largest >= size:
            raise InputError("calibration", f"token {largest}", f"tokens below the vocabulary's {size}")


def required(calibration: Calibration | None, technique: str) -> Calibration:
    """The calibration of a technique that cannot do without.

    Raises:
        InputError: there is none.
    """
    if calibration is None:
        raise InputError(technique, "no calibration tokens", "tokens of text that the model is to be good at")
    return calibration
