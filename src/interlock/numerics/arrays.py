"""Arrays as they come: NumPy's, lists, or tensors of PyTorch, which share their memory and go back as they came.

keeps: nothing here imports PyTorch. A tensor on the CPU in fp32 or fp64 is not copied on its way in, and the result
       keeps its type and device on the way out. Numbers that are no floats are computed in fp64; fp16 and bf16 in fp32.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]  # float32 or float64
Codes = NDArray[np.integer[Any]]
Bytes = NDArray[np.uint8]


def entering(x: Any) -> tuple[Floats, Callable[[Floats], Any]]:
    """An array of float32 or float64, and the way back for a result of the same shape."""
    if hasattr(x, "detach"):
        torch = sys.modules["torch"]  # whoever holds a tensor has loaded it
        plain = x.detach().cpu()
        plain = plain if plain.dtype in (torch.float32, torch.float64) else plain.float()
        return plain.numpy(), lambda y: torch.from_numpy(np.ascontiguousarray(y)).to(device=x.device, dtype=x.dtype)
    array = np.asarray(x)
    if array.dtype in (np.float32, np.float64):
        return array, lambda y: y
    if array.dtype.itemsize == 2 and array.dtype.kind in "fV":  # fp16, and bfloat16 of ml_dtypes
        with np.errstate(invalid="ignore"):
            return array.astype(np.float32), lambda y: y.astype(array.dtype)
    return array.astype(np.float64), lambda y: y
