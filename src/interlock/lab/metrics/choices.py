"""Questions with four answers, built from a text: which of four sentences comes next?

source: scoring rule of the LM Evaluation Harness (Gao et al.), accuracy normalised by length: the answer with the
        largest log-likelihood for each character
idea:   the right answer is the sentence that follows; the wrong ones follow other places of the same text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast

from interlock.errors import InputError
from interlock.lab.metrics.scores import LOGIT_BYTES, Progress
from interlock.lab.metrics.windows import encode

ANSWERS: Final = 4
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_BEFORE: Final = 32  # words of context
_SHORTEST, _LONGEST = 5, 20  # words of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What comes before, four ways to go on, and which is right."""

    before: str
    answers: tuple[str, ...]
    right: int


def make_questions(text: str, count: int, seed: int) -> list[Question]:
    """As many questions as wanted, from places drawn with the seed.

    Raises:
        InputError: the text does not have enough sentences of a fitting length.
    """
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE.split(text)]
    lengths = np.asarray([len(sentence.split()) for sentence in sentences])
    fitting = np.flatnonzero((lengths >= _SHORTEST) & (lengths <= _LONGEST))
    asked = fitting[np.cumsum(lengths)[np.maximum(fitting - 1, 0)] >= _BEFORE]
    if len(asked) < count or len(fitting) < ANSWERS + 1:
        found = f"{len(asked)} sentences of {_SHORTEST} to {_LONGEST} words"
        raise InputError("--questions", found, f"a longer text, or at most {len(asked)} questions")
    chance = np.random.default_rng(seed)
    questions = []
    for place in chance.permutation(asked)[:count]:
        others = [each for each in chance.permutation(fitting)[: ANSWERS + 1] if sentences[each] != sentences[place]]
        right = int(chance.integers(ANSWERS))
        answers = [sentences[each] for each in others[: ANSWERS - 1]]
        answers.insert(right, sentences[place])
        before = " ".join(" ".join(sentences[max(0, place - _BEFORE) : place]).split()[-_BEFORE:])
        questions.append(Question(before=before, answers=tuple(answers), right=right))
    return questions


@torch.no_grad()
def answer(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    questions: Sequence[Question],
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """1 for each question that the model answers rightly, [questions]."""
    pairs = [(question.before, f" {each}") for question in questions for each in question.answers]
    rows = [_row(before, after, tokenizer) for before, after in pairs]
    order = sorted(range(len(rows)), key=lambda place: len(rows[place][0]))  # alike lengths share a batch
    likelihood = np.zeros(len(rows))
    size = int(model.config.vocab_size) * 4  # type: ignore[union-attr, arg-type]
    done = 0
    while done < len(order):
        batch = order[done : done + 32]
        longest = len(rows[batch[-1]][0])
        batch = batch[: max(1, LOGIT_BYTES // (size * longest))]
        likelihood[batch] = _likelihoods(model, [rows[place] for place in batch])
        done += len(batch)
        if progress is not None:
            progress(done, len(order))
    scores = (likelihood / np.asarray([len(after) - 1 for _, after in pairs])).reshape(len(questions), ANSWERS)
    right = np.asarray([question.right for question in questions])
    hits: NDArray[np.float64] = (scores.argmax(1) == right).astype(np.float64)
    return hits


def _row(before: str, after: str, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], int]:
    """Tokens of both, and how many belong to the answer."""
    head = encode(before, tokenizer)[0].tolist()
    tail = encode(after, tokenizer)[0].tolist()
    return [*head, *tail], len(tail)


def _likelihoods(model: torch.nn.Module, rows: Sequence[tuple[list[int], int]]) -> list[float]:
    """Log-likelihood of each answer; rows are filled up on the right, which nothing before it sees."""
    longest = max(len(tokens) for tokens, _ in rows)
    filled: Tensor = torch.zeros(len(rows), longest, dtype=torch.int64)
    for place, (tokens, _) in enumerate(rows):
        filled[place, : len(tokens)] = torch.tensor(tokens)
    logits = model(filled[:, :-1], use_cache=False).logits.float()
    losses = cross_entropy(logits.transpose(1, 2), filled[:, 1:], reduction="none")
    found = []
    for place, (tokens, tail) in enumerate(rows):
        end = len(tokens) - 1
        found.append(-float(losses[place, end - tail : end].double().sum()))
    return found
