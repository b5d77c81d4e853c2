"""NumPy: its BLAS for products, its own loops for passes; only copies and sums of large arrays are given to threads.

departs: NumPy runs a pass on one core. So do the passes here, but for "stream-copy" and "stream-dot", which measure the
         memory and not NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.measure.engine import ELEMENT_BYTES, Engine, sample
from interlock.measure.tasks import Task

_TYPES: Final = {"fp32": np.float32, "fp64": np.float64}

Matrix = NDArray[Any]


class NumpyEngine(Engine):
    """Products by `numpy.matmul` into a given result."""

    stack = "numpy"
    formats = ("fp32", "fp64")

    def __init__(self, buffer_bytes: int, threads: int) -> None:
        super().__init__(buffer_bytes, threads)
        self.pool = ThreadPoolExecutor(threads)
        doubles = buffer_bytes // 8
        self.buffers: dict[str, Matrix] = {"fp64": np.resize(_random(sample(doubles), "fp64"), doubles)}

    def about(self) -> dict[str, Any]:
        """NumPy and the BLAS it was built with."""
        config: Any = np.show_config(mode="dicts")
        blas = config.get("Build Dependencies", {}).get("blas", {})
        name = " ".join(str(blas[key]) for key in ("name", "version") if blas.get(key)) or "unknown BLAS"
        return {"library": f"numpy {np.__version__}", "blas": name, "threads": self.threads}

    def weights(self, task: Task) -> list[Matrix]:
        """Views of the buffer."""
        flat = self._buffer(task.format)
        return [flat[at : at + task.n * task.k].reshape(task.n, task.k) for at in self.places(task)]

    def product(self, task: Task) -> Callable[[int], object]:
        """C = A B^T with B as layers store it."""
        rows = _random(task.m * task.k, task.format).reshape(task.m, task.k)
        result = np.empty((task.m, task.n), _TYPES[task.format])
        transposed = [weights.T for weights in self.weights(task)]
        count = len(transposed)
        return lambda i: np.matmul(rows, transposed[i % count], out=result)

    def a_pass(self, task: Task) -> Callable[[int], object]:
        """One pass; a result of its own, never one that grows."""
        size = task.m * task.n
        one = np.resize(_random(sample(size), task.format), size)
        if task.kind == "stream-dot":
            return self._dot(one, np.resize(one[::-1], size))
        result = np.ones(size, _TYPES[task.format])
        if task.kind == "stream-copy":
            return self._copy(one, result)
        if task.kind == "add":
            two = np.resize(one[::-1], size)
            return lambda _: np.add(one, two, out=result)
        if task.kind == "relu":
            return lambda _: np.maximum(one, 0.0, out=result)
        return lambda _: np.multiply(one, 1.5, out=result)

    def _buffer(self, name: str) -> Matrix:
        if name not in self.buffers:
            count = self.buffer_bytes // ELEMENT_BYTES[name]
            self.buffers[name] = np.resize(_random(sample(count), name), count)
        return self.buffers[name]

    def _copy(self, one: Matrix, result: Matrix) -> Callable[[int], object]:
        parts = list(zip(np.array_split(result, self.threads), np.array_split(one, self.threads), strict=True))
        return lambda _: list(self.pool.map(lambda part: np.copyto(*part), parts))

    def _dot(self, one: Matrix, two: Matrix) -> Callable[[int], object]:
        parts = list(zip(np.array_split(one, self.threads), np.array_split(two, self.threads), strict=True))
        return lambda _: list(self.pool.map(lambda part: np.dot(*part), parts))


def _random(count: int, name: str) -> Matrix:
    return np.random.default_rng(0).uniform(-1.0, 1.0, count).astype(_TYPES[name])
