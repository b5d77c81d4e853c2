"""Slices of text: apart from each other, the same everywhere, and refused where there is too little."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.lab.corpus import SAMPLE, evaluation_text, training_text
from interlock.lab.text import EVALUATION, TRAINING, Document, Text, cut_documents, cut_file, read_documents

DOCUMENTS = [Document(name=f"{n}.txt", text=f"document {n} says {n * n}") for n in range(400)]


def names(text: Text) -> dict[str, set[str]]:
    return {name: {document.name for document in found} for name, found in text.slices.items()}


def test_every_document_is_in_exactly_one_slice():
    found = names(cut_documents(DOCUMENTS, TRAINING, "here"))
    assert sorted(name for part in found.values() for name in part) == sorted(each.name for each in DOCUMENTS)


def test_slices_have_about_their_shares():
    found = names(cut_documents(DOCUMENTS, EVALUATION, "here"))
    assert {name: len(part) / 400 for name, part in found.items()} == pytest.approx(dict(EVALUATION), abs=0.06)


def test_order_and_other_documents_move_nothing():
    few = names(cut_documents(DOCUMENTS[::-3], TRAINING, "here"))
    many = names(cut_documents(DOCUMENTS, TRAINING, "here"))
    assert all(few[name] <= many[name] for name in few)


def test_copies_of_a_document_land_together_whatever_their_layout():
    copies = [Document(name=str(n), text=("one  two\nthree", "one two three\n")[n % 2]) for n in range(8)]
    assert sorted(map(len, cut_documents(copies, TRAINING, "here").slices.values())) == [0, 0, 0, 8]


@given(st.text(alphabet="ab \n.", min_size=0, max_size=400))
def test_a_file_is_cut_into_stretches_that_are_the_file(text: str):
    try:
        slices = cut_file(text, EVALUATION, "here").slices.values()
    except InputError:  # the same stretch twice, which a file of a few letters may hold
        return
    joined = "".join(document.text for documents in slices for document in documents)
    assert "".join(joined.split()) == "".join(text.split())


def test_the_same_words_in_two_slices_are_refused():
    with pytest.raises(InputError, match="the same text in"):
        cut_file("same same", (("a", 0.5), ("b", 0.5)), "here")


def test_a_slice_without_text_is_refused():
    with pytest.raises(InputError, match="no text left for test"):
        cut_documents(DOCUMENTS[:1], (("calibration", 1.0), ("test", 0.0)), "here").part("test")


def test_fingerprints_tell_slices_apart_and_are_stable():
    text = cut_documents(DOCUMENTS, TRAINING, "here")
    again = cut_documents(list(DOCUMENTS), TRAINING, "elsewhere")
    assert len({text.fingerprint(name) for name in text.slices}) == 4
    assert text.fingerprint("test") == again.fingerprint("test")


def test_a_folder_without_words_is_refused(tmp_path: Path):
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(InputError, match="1 text files with no words"):
        read_documents(tmp_path)


def test_the_corpus_is_taken_where_it_was_fetched_and_the_sample_where_not(tmp_path: Path):
    assert evaluation_text().source == SAMPLE
    folder = tmp_path / "cache" / "corpus"
    folder.mkdir(parents=True)
    for document in DOCUMENTS:
        (folder / document.name).write_text(document.text)
    assert names(evaluation_text()) == names(training_text())


def test_a_folder_of_the_user_has_no_training_slice(tmp_path: Path):
    for document in DOCUMENTS[:50]:
        (tmp_path / document.name).write_text(document.text)
    assert set(evaluation_text(str(tmp_path)).slices) == {"calibration", "validation", "test"}
