"""Tensors to try formats on: drawn with the statistics of language models, or read from a file.

keeps: drawn tensors are seeded. "normal": 1024 x 1024 weights of deviation 0.02. "student": the same width, heavy
       tails of 5 degrees of freedom. "outliers": activations of deviation 1 in which 6 channels of 1024 are 30 times
       as large, as Dettmers et al. 2022 (LLM.int8(), section 4) describe them.
       From files at most `MOST` elements are taken, whole rows from the start.
sources: the NPY format (NumPy); the safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.errors import InputError, UnknownNameError, shown
from interlock.numerics.arrays import Floats

MOST: Final = 2**22
_SIDE: Final = 1024
_LONGEST_HEADER: Final = 100_000_000
_DTYPES: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I8": "i1", "U8": "u1", "I32": "<i4",
                  "I64": "<i8"}  # fmt: skip


def _normal(rng: np.random.Generator) -> Floats:
    return rng.standard_normal((_SIDE, _SIDE)) * 0.02


def _student(rng: np.random.Generator) -> Floats:
    return rng.standard_t(5, (_SIDE, _SIDE)) * (0.02 / math.sqrt(5 / 3))


def _outliers(rng: np.random.Generator) -> Floats:
    drawn: Floats = rng.standard_normal((_SIDE, _SIDE))
    drawn[:, rng.choice(_SIDE, 6, replace=False)] *= 30
    return drawn


DRAWN: Final[dict[str, Callable[[np.random.Generator], Floats]]] = {
    "normal": _normal,
    "student": _student,
    "outliers": _outliers,
}


def sample(name: str, where: str = "--tensor", seed: int = 0) -> Floats:
    """A float32 tensor by a name of `DRAWN`, or from file.npy or file.safetensors:tensor.

    Raises:
        InputError: neither a name nor a file that holds such a tensor, or one without finite numbers.
    """
    if name in DRAWN:
        return DRAWN[name](np.random.default_rng(seed)).astype(np.float32)
    path, colon, tensor = name.partition(".safetensors:")
    if colon:
        found = _safetensors(Path(f"{path}.safetensors").expanduser(), tensor)
    elif name.endswith(".safetensors"):
        raise InputError(where, shown(name), "the name of a tensor behind a colon: model.safetensors:lm_head.weight")
    elif name.endswith(".npy"):
        found = _npy(Path(name).expanduser())
    else:
        raise UnknownNameError("tensor", name, [*DRAWN, "file.npy", "file.safetensors:tensor"], where)
    if found.size == 0 or not np.isfinite(found).all():
        what = "no elements" if found.size == 0 else f"{int((~np.isfinite(found)).sum())} NaN or infinite elements"
        raise InputError(name, what, "a tensor of finite numbers")
    return found


def _first_rows(array: np.ndarray) -> np.ndarray:
    """Whole rows from the start, as many as are wanted."""
    if array.size <= MOST:
        return array
    if array.ndim < 2:
        return array.reshape(-1)[:MOST]
    rows = array.reshape(-1, array.shape[-1])
    return rows[: max(MOST // rows.shape[1], 1)]


def _npy(path: Path) -> Floats:
    where = str(path)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise InputError(where, error.strerror or "an unreadable file", "a .npy file") from None
    except ValueError as error:
        raise InputError(where, shown(str(error)), "a .npy file of numbers") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise InputError(where, f"elements of type {getattr(array, 'dtype', 'unknown')}", "floats or integers")
    return _first_rows(array).astype(np.float32)


def _safetensors(path: Path, name: str) -> Floats:
    where = str(path)
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= _LONGEST_HEADER:
                raise InputError(where, f"a header of {length} bytes", "a safetensors file")
            header = json.loads(file.read(length))
    except OSError as error:
        raise InputError(where, error.strerror or "an unreadable file", "a safetensors file") from None
    except (ValueError, RecursionError):
        raise InputError(where, "a header that is not JSON", "a safetensors file") from None
    entries = {key: value for key, value in header.items() if key != "__metadata__"} if isinstance(header, dict) else {}
    if name not in entries:
        raise UnknownNameError("tensor", name, entries, where)
    dtype, shape, start = _placed(entries[name], where, name)
    count = math.prod(shape)
    try:
        raw = (
            np.memmap(path, dtype=dtype, mode="r", offset=8 + length + start, shape=(count,)) if count else np.zeros(0)
        )
    except (OSError, ValueError):
        raise InputError(where, f"fewer bytes than {name} takes", "a complete file") from None
    rows = _first_rows(np.asarray(raw).reshape(shape or (1,)))
    return (rows.astype(np.uint32) << 16).view(np.float32) if dtype == "<u2" else rows.astype(np.float32)


def _placed(entry: Any, where: str, name: str) -> tuple[str, tuple[int, ...], int]:
    """The type, the shape and the first byte of a tensor."""
    try:
        kind, shape, start = entry["dtype"], tuple(map(int, entry["shape"])), int(entry["data_offsets"][0])
    except (KeyError, TypeError, ValueError, IndexError):
        raise InputError(where, shown(entry), "dtype, shape and data_offsets", name) from None
    if kind not in _DTYPES or min((*shape, start)) < 0:
        raise InputError(where, shown(kind), f"one of {', '.join(_DTYPES)}", name)
    return _DTYPES[kind], shape, start
