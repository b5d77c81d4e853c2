"""Tables are read with suspicion: every defect is refused with its file, column and row."""

import gzip

import numpy as np
import pytest

from interlock.errors import InputError
from interlock.evidence.table import read_table, refuse_duplicates


def written(folder, text, name="t.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_counts_words_and_patterns(tmp_path):
    table = read_table(written(tmp_path, "a,b,c\n1.5,2,x=3\n2.5,,x=4\n"), ["a"])
    assert table.numbers("a", scale=1e-3).tolist() == [0.0015, 0.0025]
    assert table.counts("b", default=7).tolist() == [2, 7]
    assert table.pattern("c", r"x=(\d)")[0].tolist() == ["3", "4"]
    assert table.words("b", {"2": "two", "": "none"}).tolist() == ["two", "none"]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("fast", lambda t: t.numbers("a")),
        ("nan", lambda t: t.numbers("a")),
        ("inf", lambda t: t.numbers("a")),
        ("-1", lambda t: t.numbers("a")),
        ("", lambda t: t.numbers("a")),
        ("1.5", lambda t: t.counts("a")),
        ("0", lambda t: t.counts("a")),
        ("fast", lambda t: t.words("a", {"1": "one"})),
        ("fast", lambda t: t.pattern("a", r"(\d+)")),
    ],
)
def test_a_bad_cell_is_refused_with_its_row(tmp_path, cell, read):
    table = read_table(written(tmp_path, f"a,b\n1,1\n1,2\n{cell},3\n"), ["a"])
    with pytest.raises(InputError, match=r"t\.csv: a, row 4"):
        read(table)


def test_rows_keep_their_number_when_others_are_left_out(tmp_path):
    path = written(tmp_path, "a,b\n1,x\n2,y\nbad,y\n")
    with pytest.raises(InputError, match="row 4"):
        read_table(path, ["a"], keep=lambda row: row["b"] == "y").numbers("a")
    table = read_table(path, ["a"])
    with pytest.raises(InputError, match="row 4"):
        table.where_rows(table.text("b") == "y").numbers("a")


def test_a_missing_column_and_a_short_row(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n3\n")
    with pytest.raises(InputError, match="a column 'c'"):
        read_table(path, ["c"])
    with pytest.raises(InputError, match="row 3"):
        read_table(path, ["a"])


def test_repeated_rows(tmp_path):
    table = read_table(written(tmp_path, "a,b\n1,2\n3,4\n1,2\n"), ["a"])
    with pytest.raises(InputError, match="row 4: found the same measurement as row 2"):
        table.refuse_repeats()
    with pytest.raises(InputError, match="row 3"):
        refuse_duplicates("t", {"a": np.array([1.0, 1.0])})
    assert table.distinct().numbers("a").tolist() == [1, 3]


@pytest.mark.parametrize("damage", ["cut", "flipped", "plain"])
def test_a_damaged_archive(tmp_path, damage):
    whole = gzip.compress(b"a,b\n" + b"".join(f"{i},{i * i}\n".encode() for i in range(5000)))
    cut = {"cut": whole[: len(whole) // 2], "plain": b"a,b\n1,2\n"}
    middle = len(whole) // 2
    cut["flipped"] = whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 40]) + whole[middle + 40 :]
    path = tmp_path / "t.csv.gz"
    path.write_bytes(cut[damage])
    with pytest.raises(InputError, match="gzipped if its name ends in"):
        read_table(path, ["a"])


def test_an_absent_file_and_an_empty_one(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_table(tmp_path / "none.csv", ["a"])
    with pytest.raises(InputError, match="a column 'a'"):
        read_table(written(tmp_path, ""), ["a"])
    assert len(read_table(written(tmp_path, "a,b\n"), ["a"])) == 0
