"""PyTorch on the CPU: the same products and passes through its operators, 16-bit ones included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interlock.measure.engine import ELEMENT_BYTES, Engine
from interlock.measure.tasks import Task


class TorchEngine(Engine):
    """Products by `torch.mm` into a given result."""

    stack = "torch"
    formats = ("fp32", "bf16")

    def __init__(self, buffer_bytes: int, threads: int) -> None:
        import torch

        super().__init__(buffer_bytes, threads)
        self.torch = torch
        self.types = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp64": torch.float64}
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        torch.manual_seed(0)
        self.buffers: dict[str, Any] = {}

    def about(self) -> dict[str, Any]:
        """PyTorch and the library that multiplies."""
        backends: Any = self.torch.backends
        blas = "oneDNN" if backends.mkldnn.is_available() else "native"
        if backends.mkl.is_available():
            blas += ", MKL"
        return {"library": f"torch {self.torch.__version__}", "blas": blas, "threads": self.torch.get_num_threads()}

    def weights(self, task: Task) -> list[Any]:
        """Views of the buffer."""
        if task.format not in self.buffers:
            count = self.buffer_bytes // ELEMENT_BYTES[task.format]
            self.buffers[task.format] = self._random(count, task.format)
        flat = self.buffers[task.format]
        return [flat[at : at + task.n * task.k].view(task.n, task.k) for at in self.places(task)]

    def product(self, task: Task) -> Callable[[int], object]:
        """C = A B^T with B as `torch.nn.Linear` stores it."""
        rows = self._random(task.m * task.k, task.format).view(task.m, task.k)
        result = self.torch.empty(task.m, task.n, dtype=self.types[task.format])
        transposed = [weights.t() for weights in self.weights(task)]
        count, multiply = len(transposed), self.torch.mm
        return lambda i: multiply(rows, transposed[i % count], out=result)

    def a_pass(self, task: Task) -> Callable[[int], object]:
        """One pass into a result of its own."""
        torch = self.torch
        one, two = (self._random(task.m * task.n, task.format) for _ in range(2))
        result = torch.ones_like(one)
        if task.kind == "stream-dot":
            return lambda _: torch.dot(one, two)
        if task.kind == "stream-copy":
            return lambda _: result.copy_(one)
        if task.kind == "add":
            return lambda _: torch.add(one, two, out=result)
        if task.kind == "relu":
            return lambda _: torch.clamp_min(one, 0.0, out=result)
        return lambda _: torch.mul(one, 1.5, out=result)

    def _random(self, count: int, name: str) -> Any:
        return self.torch.empty(count, dtype=self.types[name]).uniform_(-1.0, 1.0)
