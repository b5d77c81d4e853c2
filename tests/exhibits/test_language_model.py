"""The NumPy language model and tokenizer that exhibits use, against the libraries that define both."""

import numpy as np
import pytest

from interlock.exhibits.byte_pairs import BytePairs
from interlock.exhibits.language_model import FOLDER, held_out, language_model, with_outliers
from interlock.exhibits.tiny_training import Scheme, reference_loss, train
from interlock.exhibits.two_bits import linear_feedback
from interlock.numerics.integers import Integer

TEXTS = [
    "We hold it's 2024, they'll say:  two  blanks\n\n and\ttabs, über naïve – 漢字 £5_000!",
    " leading",
    "",
    "a'b''c 12x",
]


def test_tokens_are_those_of_the_tokenizers_library():
    tokenizers = pytest.importorskip("tokenizers")
    known = tokenizers.Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    made = BytePairs.read(FOLDER / "tokenizer.json")
    sample = (FOLDER.parent / "sample.txt").read_text(encoding="utf-8")[:40_000]
    for text in [*TEXTS, sample]:
        assert made.encode(text) == known.encode(text).ids


def test_logits_are_those_of_transformers():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(str(FOLDER)).eval()
    tokens = held_out(1, 64)
    with torch.no_grad():
        known = model(torch.from_numpy(tokens)).logits.numpy()
    assert np.abs(language_model().logits(tokens) - known).max() < 1e-3


def test_injected_outliers_leave_the_function_as_it_is():
    model, tokens = language_model(), held_out(1, 64)
    seen: dict[str, np.ndarray] = {}
    changed = with_outliers(model)
    logits = changed.logits(tokens, lambda name, x: seen.setdefault(name, x))
    assert np.abs(logits - model.logits(tokens)).max() < 1e-2
    read = next(iter(seen.values()))
    peaks = np.sort(np.abs(read).max(axis=(0, 1)))
    assert peaks[-1] > 5 * peaks[-20]


def test_training_is_the_same_each_time_and_learns():
    start, few = train(Scheme(), steps=0).loss, train(Scheme(), steps=60)
    assert few == train(Scheme(), steps=60)
    assert start > few.loss > reference_loss()


def test_linear_feedback_lowers_the_proxy_loss_that_it_minimises():
    rng = np.random.default_rng(0)
    weight, drawn = rng.standard_normal((24, 32)), rng.standard_normal((64, 32)) @ rng.standard_normal((32, 32))
    moment = drawn.T @ drawn / 64 + 0.01 * np.eye(32)
    found = linear_feedback(weight, moment, 2)
    scale = 2.4 * np.sqrt(np.mean(weight**2, axis=1, keepdims=True)) / 2
    nearest = Integer(bits=2, span="half").round(weight / scale) * scale
    losses = [float(np.trace((each - weight) @ moment @ (each - weight).T)) for each in (found, nearest)]
    assert losses[0] < 0.8 * losses[1]
    assert np.allclose(np.unique(np.abs(found / scale).round(6)), [0.5, 1.5])
