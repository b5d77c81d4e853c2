"""Questions with four answers: built apart, scored for each character, whatever the batch."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from interlock.errors import InputError
from interlock.lab.metrics.choices import answer, make_questions
from interlock.lab.metrics.windows import encode


def test_answers_are_four_different_sentences_and_one_follows(sample: str):
    words = " ".join(sample.split())
    for question in make_questions(sample, 20, seed=1):
        assert len(set(question.answers)) == 4
        assert f"{question.before} {question.answers[question.right]}" in words


def test_the_seed_decides(sample: str):
    assert make_questions(sample, 5, 0) == make_questions(sample, 5, 0)
    assert make_questions(sample, 5, 0) != make_questions(sample, 5, 1)


def test_right_answers_are_in_every_place(sample: str):
    assert {question.right for question in make_questions(sample, 40, 0)} == {0, 1, 2, 3}


def test_too_few_sentences_are_refused():
    with pytest.raises(InputError, match="at most 0 questions"):
        make_questions("One sentence only. Two.", 4, 0)


class Knowing(torch.nn.Module):
    """A model that expects each token that followed the one before it in the texts it was given."""

    def __init__(self, texts: list[list[int]], vocabulary: int) -> None:
        super().__init__()
        self.config = SimpleNamespace(vocab_size=vocabulary)
        self.after = torch.zeros(vocabulary, vocabulary)
        for ids in texts:
            for one, two in pairwise(ids):
                self.after[one, two] += 20.0

    def forward(self, tokens: torch.Tensor, use_cache: bool = False) -> Any:
        return SimpleNamespace(logits=self.after[tokens])


def test_a_model_that_knows_the_right_answers_gets_them_right(sample: str, tokenizer: Any):
    questions = make_questions(sample, 12, 2)
    rights = [encode(f" {each.answers[each.right]}", tokenizer)[0].tolist() for each in questions]
    assert answer(Knowing(rights, 2048), tokenizer, questions).mean() >= 0.9


def test_a_model_that_knows_the_wrong_answers_gets_them_wrong(sample: str, tokenizer: Any):
    questions = make_questions(sample, 12, 2)
    wrong = [encode(f" {each.answers[(each.right + 1) % 4]}", tokenizer)[0].tolist() for each in questions]
    assert answer(Knowing(wrong, 2048), tokenizer, questions).mean() < 0.25  # of chance


def test_batches_change_nothing(sample: str, tokenizer: Any, model: Any):
    questions = make_questions(sample, 6, 0)
    alone = [float(answer(model, tokenizer, [question])[0]) for question in questions]
    assert answer(model, tokenizer, questions).tolist() == alone
