"""Likelihood and distance: against transformers' own loss, against closed forms, and in the direction of damage."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import kl_div, log_softmax

from interlock.errors import InputError
from interlock.lab.metrics.bootstrap import bits_per_byte, perplexity
from interlock.lab.metrics.scores import Scores, log_probabilities, score
from interlock.lab.metrics.windows import Windows, cut_windows
from interlock.lab.text import Document


@pytest.fixture(scope="module")
def windows(tokenizer: Any, sample: str) -> Windows:
    return cut_windows([Document(name="s", text=sample)], tokenizer, context=64, tokens=512, flag="--tokens")


@pytest.fixture(scope="module")
def original(model: Any, windows: Windows) -> torch.Tensor:
    return log_probabilities(model, windows, 256)


@pytest.fixture(scope="module")
def own(model: Any, windows: Windows, original: torch.Tensor) -> Scores:
    return score(model, windows, original)


def rounded(model: Any, bits: int) -> Any:
    """Every matrix of the blocks to the nearest multiple of its rows' scales."""
    changed = copy.deepcopy(model)
    for layer in (part for part in changed.model.layers.modules() if isinstance(part, torch.nn.Linear)):
        weight = layer.weight.data
        scale = weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
        layer.weight.data = (weight / scale).round() * scale
    return changed


def test_likelihood_is_what_transformers_says(model: Any, windows: Windows, own: Scores):
    with torch.no_grad():
        losses = [float(model(row[None], labels=row[None]).loss) for row in windows.tokens]
    assert own.nats / own.tokens == pytest.approx(losses, rel=1e-4)


def test_a_model_that_knows_nothing_needs_all_bits_of_its_vocabulary(model: Any, windows: Windows):
    blank = copy.deepcopy(model)
    torch.nn.init.zeros_(blank.model.embed_tokens.weight)  # tied to the head: all logits are 0
    found = score(blank, windows)
    assert perplexity(found.nats.sum(), found.tokens.sum()) == pytest.approx(2048, rel=1e-5)
    assert bits_per_byte(found.nats.sum(), found.bytes.sum()) == pytest.approx(
        11 * found.tokens.sum() / found.bytes.sum(), rel=1e-5
    )


def test_a_model_is_at_no_distance_from_itself(own: Scores):
    assert own.divergence == pytest.approx(np.zeros(4), abs=1e-4)
    assert own.agreements.tolist() == [63.0] * 4


def test_divergence_is_that_of_torch(model: Any, windows: Windows, original: torch.Tensor):
    changed = rounded(model, 3)
    found = score(changed, windows, original)
    with torch.no_grad():
        now = log_softmax(changed(windows.tokens[:4, :-1]).logits, -1)
    expected = kl_div(now, original, reduction="none", log_target=True).sum((1, 2))
    assert found.divergence == pytest.approx(expected.numpy(), rel=1e-3)


def test_fewer_bits_are_farther_from_the_original(model: Any, windows: Windows, original: torch.Tensor):
    found = [score(rounded(model, bits), windows, original) for bits in (8, 4, 2)]
    assert found[0].divergence.sum() < found[1].divergence.sum() < found[2].divergence.sum()
    assert found[0].agreements.sum() > found[1].agreements.sum() > found[2].agreements.sum()
    assert found[0].nats.sum() < found[2].nats.sum()


def test_words_foretold_are_those_whose_tokens_are_all_likeliest(model: Any, windows: Windows, own: Scores):
    with torch.no_grad():
        best = model(windows.tokens[:, :-1]).logits.argmax(-1)
    right = (best == windows.tokens[:, 1:]).numpy()
    for row in range(len(windows.tokens)):
        words = windows.words[row]
        numbers = [word for word in dict.fromkeys(words.tolist()) if word >= 0]
        inside = [word for word in numbers if np.flatnonzero(words == word)[0] >= 32 and words[-1] != word]
        hits = sum(bool(right[row][np.flatnonzero(words == word) - 1].all()) for word in inside)
        assert (own.words[row], own.words_foretold[row]) == (len(inside), hits)


def test_outputs_that_are_not_numbers_are_refused(model: Any, windows: Windows):
    broken = copy.deepcopy(model)
    broken.model.norm.weight.data[0] = float("nan")
    with pytest.raises(InputError, match="NaN or infinite"):
        score(broken, windows)
