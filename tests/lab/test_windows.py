"""Windows of tokens: whole, apart, and true about the bytes and words that they spell."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.lab.metrics.windows import cut_windows, draw_windows, encode, whole_words
from interlock.lab.text import Document


def documents(text: str) -> list[Document]:
    return [Document(name="one", text=text)]


@settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_comes_back_from_its_tokens(tokenizer: Any, text: str):
    assert tokenizer.decode(encode(text, tokenizer)[0], clean_up_tokenization_spaces=False) == text


def test_bytes_are_those_of_the_predicted_tokens(tokenizer: Any):
    text = "Señores — fellow citizens, naïve façade. " * 80
    windows = cut_windows(documents(text), tokenizer, context=32, tokens=96, flag="--tokens")
    ids, spans = encode(text, tokenizer)
    for row, size in zip(windows.tokens.numpy(), windows.bytes, strict=True):
        place = next(p for p in range(0, len(ids), 32) if (ids[p : p + 32] == row).all())
        spelt = text[spans[place + 1, 0] : spans[place + 31, 1]]
        assert size == len(spelt.encode())


def test_windows_are_spread_over_the_text(tokenizer: Any, sample: str):
    few = cut_windows(documents(sample), tokenizer, context=64, tokens=256, flag="--tokens").tokens
    ids, _ = encode(sample, tokenizer)
    assert few.shape == (4, 64)
    assert few[0].tolist() == ids[:64].tolist()
    last = len(ids) // 64 * 64
    assert few[-1].tolist() == ids[last - 64 : last].tolist()


def test_calibration_windows_depend_on_the_seed_and_do_not_repeat(tokenizer: Any, sample: str):
    first, again, other = (
        draw_windows(documents(sample), tokenizer, context=64, tokens=1024, seed=seed) for seed in (0, 0, 1)
    )
    assert first.equal(again)
    assert not first.equal(other)
    assert len(np.unique(first.numpy(), axis=0)) == 16


@pytest.mark.parametrize("cut", [cut_windows, draw_windows])
def test_too_short_a_text_is_refused(tokenizer: Any, cut: Any):
    flags = {"flag": "--tokens"} if cut is cut_windows else {"seed": 0}
    with pytest.raises(InputError, match="a longer text"):
        cut(documents("a few words"), tokenizer, context=64, tokens=640, **flags)


def test_whole_words_are_inside_the_window_and_its_second_half():
    words = np.array([0, 0, -1, 1, 2, 2, -1, 3, 4, 4])
    assert whole_words(words, first=3) == [(3, 4), (4, 6), (7, 8)]  # the last may go on behind the window
