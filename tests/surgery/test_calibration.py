"""Calibration tokens are checked where they enter."""

import pytest
import torch

from interlock.errors import InputError
from interlock.surgery.calibration import Calibration, required


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (torch.zeros(2, 16), "float32"),
        (torch.zeros(16, dtype=torch.int64), r"\(16,\)"),
        (torch.zeros(0, 16, dtype=torch.int64), "0 sequences"),
        (torch.zeros(2, 7, dtype=torch.int64), "2 sequences of 7"),
        (torch.full((2, 16), -1), "token -1"),
    ],
)
def test_tokens_that_are_none_are_refused(tokens, said):
    with pytest.raises(InputError, match=said):
        Calibration(tokens=tokens)


def test_tokens_beyond_the_vocabulary_are_refused(build):
    with pytest.raises(InputError, match="token 97"):
        Calibration(tokens=torch.full((1, 16), 97)).fits(build())


def test_a_technique_that_needs_tokens_says_so():
    with pytest.raises(InputError, match="GPTQ: found no calibration"):
        required(None, "GPTQ")
