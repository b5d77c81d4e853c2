"""Published perplexities: every row is of a shipped model and a setting whose formats are known."""

from typing import Any

import pytest

from interlock.models import model as read_model
from interlock.search.published import ORIGINAL, published_tables

ROWS = [
    (table, model, setting)
    for table in published_tables()
    for model, row in table.perplexity.items()
    for setting in row
    if setting != ORIGINAL
]


@pytest.mark.parametrize(("table", "model", "setting"), ROWS, ids=lambda each: each if isinstance(each, str) else "")
def test_a_published_row_is_of_a_shipped_model_and_a_known_setting(table: Any, model: str, setting: str):
    read_model(model)
    told = table.settings[setting]
    assert told.effects()
    assert (told.ours is None) == bool(told.weight_format)  # formats are told only where no technique here says them
    value, low, high = table.loss(model, setting)
    assert low < value < high
    assert table.reference.count(";") == 1


def test_a_loss_is_that_of_the_printed_perplexities():
    table = next(table for table in published_tables() if "wanda" in table.reference)
    value, low, high = table.loss("llama-2-7b", "wanda-half")
    assert value == pytest.approx(6.42 / 5.12 - 1)
    assert (low, high) == (pytest.approx(6.415 / 5.125 - 1), pytest.approx(6.425 / 5.115 - 1))


def test_every_setting_and_checkpoint_is_of_some_row():
    for table in published_tables():
        used = {setting for row in table.perplexity.values() for setting in row} - {ORIGINAL}
        assert used == set(table.settings), table.reference
        assert set(table.checkpoints) == set(table.perplexity), table.reference
