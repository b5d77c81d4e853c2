"""What the measuring needs of a library: buffers larger than the caches, products and passes on them."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from interlock.errors import MissingExtraError
from interlock.measure.tasks import Task

ELEMENT_BYTES: Final = {"fp64": 8, "fp32": 4, "bf16": 2}
_MOST_VIEWS: Final = 4096
_SAMPLE: Final = 1 << 16


class Engine(ABC):
    """A library that computes on this machine.

    keeps: weights lie in one buffer larger than the last cache, and each call takes the next ones: as in a model,
           where other layers ran in between. Activations and results stay where they are.
    """

    stack: str
    formats: tuple[str, ...]

    def __init__(self, buffer_bytes: int, threads: int) -> None:
        self.buffer_bytes = buffer_bytes
        self.threads = threads

    @abstractmethod
    def weights(self, task: Task) -> list[Any]:
        """Matrices (n, k) of a product, one after the other in the buffer."""

    @abstractmethod
    def product(self, task: Task) -> Callable[[int], object]:
        """The i-th call of a product."""

    @abstractmethod
    def a_pass(self, task: Task) -> Callable[[int], object]:
        """The i-th call of a pass over rows of elements."""

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """Library, version, threads."""

    def call(self, task: Task) -> Callable[[int], object]:
        """What is to be timed."""
        return self.product(task) if task.kind == "product" else self.a_pass(task)

    def places(self, task: Task) -> range:
        """Starts, in elements, of the weights of a product in the buffer."""
        length = task.n * task.k
        room = self.buffer_bytes // ELEMENT_BYTES[task.format]
        step = max(length, room // _MOST_VIEWS)
        return range(0, max(room - length, 0) + 1, step)


def engine(name: str, buffer_bytes: int, threads: int) -> Engine:
    """NumPy or PyTorch.

    Raises:
        MissingExtraError: PyTorch is asked for and not installed.
    """
    if name == "numpy":
        from interlock.measure.numpy_engine import NumpyEngine

        return NumpyEngine(buffer_bytes, threads)
    if not has_torch():
        raise MissingExtraError("measuring with PyTorch", "calibrate")
    from interlock.measure.torch_engine import TorchEngine

    return TorchEngine(buffer_bytes, threads)


def has_torch() -> bool:
    """Whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def sample(count: int) -> int:
    """How many random numbers a buffer repeats: enough, since times do not depend on them."""
    return min(count, _SAMPLE)
