"""A table whose cells are encoded says what the plain one says, and refuses what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.evidence.encoded import Encoded, EncodedTable
from interlock.evidence.table import Table

CELLS = st.lists(st.sampled_from(["1", "2", "17", "4096", ""]), min_size=1, max_size=40)


def both(cells: list[str]) -> tuple[Table, EncodedTable]:
    different, codes = np.unique(cells, return_inverse=True)
    rows = np.arange(2, len(cells) + 2)
    encoded = Encoded(different.tolist(), codes)
    return Table("t.csv", {"x": cells}, rows), EncodedTable("t.csv", {"x": encoded}, rows)


@given(CELLS, st.data())
def test_an_encoded_table_reads_as_a_plain_one(cells, data):
    plain, encoded = both(cells)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells))))
    for one, other in ((plain, encoded), (plain.where_rows(keep), encoded.where_rows(keep))):
        if not len(one):
            continue
        np.testing.assert_array_equal(one.text("x"), other.text("x"))
        np.testing.assert_array_equal(one.counts("x", default=3.0), other.counts("x", default=3.0))
        np.testing.assert_array_equal(one.numbers("x", default=0.5), other.numbers("x", default=0.5))
        np.testing.assert_array_equal(one.rows, other.rows)
        assert list(one.columns["x"]) == list(other.columns["x"])


@given(CELLS)
def test_it_refuses_the_same_cell_at_a_row_that_holds_it(cells):
    plain, encoded = both([*cells, "minus"])
    for table in (plain, encoded):
        with pytest.raises(InputError, match=f"x, row {cells.index('') + 2 if '' in cells else len(cells) + 2}"):
            table.counts("x")
        with pytest.raises(InputError, match=r"x, row \d+"):
            table.words("x", {"1": "one", "2": "two", "17": "prime", "4096": "page", "": "none"})


def test_columns_of_numbers_need_no_text():
    table = EncodedTable("t.parquet", {"x": np.array([0.5, 2.0])}, np.arange(2, 4))
    np.testing.assert_array_equal(table.numbers("x", scale=2.0), [1.0, 4.0])
    assert len(table.where_rows(np.array([False, True]))) == 1
    with pytest.raises(InputError, match="x, row 2"):
        table.numbers("x", minimum=1.0)
