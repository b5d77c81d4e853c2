"""The compiled core: plain functions over columns, run as they are or through Numba."""
