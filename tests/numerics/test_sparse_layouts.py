"""Sparse layouts: what comes back is the matrix, products are those of the matrix, bytes those of the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.numerics.sparse_layouts import LAYOUTS, Tiles, laid_out


def matrix(rows: int, columns: int, density: float, seed: int = 0) -> np.ndarray:
    """Values that bf16 has."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(-64, 65, (rows, columns)) / 16
    return np.where(rng.random((rows, columns)) < density, drawn, 0).astype(np.float32)


@settings(max_examples=40)
@given(st.sampled_from([*LAYOUTS]), st.floats(0, 1), st.integers(0, 2**31))
def test_the_matrix_comes_back_and_products_are_its_own(name, density, seed):
    weight = matrix(140, 23, density, seed)
    stored = laid_out(name, weight)
    assert np.array_equal(stored.dense(), weight)
    x = np.random.default_rng(seed).standard_normal((weight.shape[1], 3)).astype(np.float32)
    assert np.allclose(stored.times(x), weight @ x, atol=1e-3)
    assert np.allclose(stored.times(x[:, 0]), weight @ x[:, 0], atol=1e-3)


def test_bytes_are_those_of_the_definitions():
    weight = matrix(256, 128, 0.4)
    count = int((weight != 0).sum())
    assert laid_out("csr", weight).nbytes == 4 * count + 4 * 257
    padded = sum(-(-int((part != 0).sum()) // 8) * 8 for part in np.split(weight, 2))
    assert laid_out("tiled-csl", weight).nbytes == 4 * padded + 4 * 3
    band = np.triu(np.tril(np.ones((64, 64), dtype=np.float32), 1), -1)
    assert laid_out("dia", band).nbytes == 3 * 64 * 2 + 3 * 4


@pytest.mark.filterwarnings("ignore:Sparse")
def test_compressed_rows_are_pytorchs():
    torch = pytest.importorskip("torch")
    weight = matrix(17, 23, 0.3)
    at, to = np.nonzero(weight)
    known = torch.sparse_coo_tensor(np.array([at, to]), weight[at, to], weight.shape).coalesce().to_sparse_csr()
    mine = laid_out("csr", weight)
    assert np.array_equal(mine.places, known.col_indices())
    assert np.array_equal(mine.starts, known.crow_indices())


@pytest.mark.parametrize("tile", [0, 257])
def test_tiles_that_do_not_fit_are_refused(tile):
    with pytest.raises(InputError, match="tile: found"):
        Tiles.of(np.zeros((512, 512), dtype=np.float32), tile=tile)


def test_what_is_no_number_and_a_layout_that_is_none_are_refused():
    with pytest.raises(InputError, match="finite matrix"):
        laid_out("csr", np.full((2, 2), np.nan, dtype=np.float32))
    with pytest.raises(InputError, match="csr"):
        laid_out("crs", np.zeros((2, 2), dtype=np.float32))
