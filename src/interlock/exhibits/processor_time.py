"""How long this machine's processor takes for something, as a ratio that a busy machine hardly moves.

idea: processor time, not the clock's; the least of many short turns, and two things that are compared take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import pairwise
from time import process_time
from typing import Any


def seconds(*each: Callable[[], Any], turns: int = 20, calls: int = 2) -> list[float]:
    """Least seconds of a call of each, on one thread of PyTorch where it is loaded."""
    least = [float("inf")] * len(each)
    with _one_thread():
        for _ in range(turns):
            for place, run in enumerate(each):
                started = process_time()
                for _ in range(calls):
                    run()
                least[place] = min(least[place], (process_time() - started) / calls)
    return least


def _one_thread() -> AbstractContextManager[None]:
    import torch

    @contextmanager
    def held() -> Iterator[None]:
        kept = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(kept)

    return held() if torch.get_num_threads() > 1 else nullcontext()


def crossing(shares: list[float], ratios: list[float]) -> float:
    """Where a rising line through points reaches 1, by interpolation; the last share if it never does."""
    for (a, low), (b, high) in pairwise(zip(shares, ratios, strict=True)):
        if low <= 1 < high:
            return a + (b - a) * (1 - low) / (high - low)
    return shares[-1] if ratios[-1] <= 1 else shares[0]


def rows_over_dense(densities: list[float], side: int = 1024) -> list[float]:
    """Time of PyTorch's product of compressed rows with a vector over that of the dense matrix, by density."""
    import warnings

    import torch

    generator, ratios = torch.Generator().manual_seed(0), []
    weight, x = torch.randn(side, side, generator=generator), torch.randn(side, generator=generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls compressed rows a beta feature
        for density in densities:
            rows = (weight * (torch.rand(side, side, generator=generator) < density)).to_sparse_csr()
            dense, sparse = seconds(lambda: torch.mv(weight, x), partial(torch.matmul, rows, x))
            ratios.append(sparse / dense)
    return ratios
