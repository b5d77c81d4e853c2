"""The headers of safetensors files: how many elements a folder stores, in which types, in how many bytes.

source: the safetensors format: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes.
keeps:  only headers are read. Packed formats (GPTQ, AWQ) store several weights in one element of an integer tensor.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeGuard

from interlock.errors import InputError, shown
from interlock.files import read_json

INDEX: Final = "model.safetensors.index.json"
LONGEST_HEADER: Final = 100_000_000  # the format's own limit
BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64,
    "C64": 64,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWeights:
    """What lies on disk: elements in all, bytes in all, and elements by type, as the format spells types."""

    parameters: int
    bytes: int
    dtypes: dict[str, int]


def stored(folder: str | Path) -> StoredWeights:
    """Counts of all safetensors files of a folder; with an index, of the files and tensors that it names.

    Raises:
        InputError: no such file, a header that is not one, or an index that names what is not there.
    """
    path = Path(folder).expanduser()
    index = path / INDEX
    tensors = _indexed(path, index) if index.is_file() else _whole(path)
    dtypes: dict[str, int] = {}
    size = 0
    for dtype, elements in tensors:
        dtypes[dtype] = dtypes.get(dtype, 0) + elements
        size += elements * BITS[dtype] // 8
    return StoredWeights(parameters=sum(dtypes.values()), bytes=size, dtypes=dict(sorted(dtypes.items())))


def header(file: Path) -> dict[str, tuple[str, int]]:
    """The type and the number of elements of each tensor in a file.

    Raises:
        InputError: the file is cut short, its header is not JSON, or a tensor does not fit its bytes.
    """
    where = str(file)
    try:
        with file.open("rb") as stream:
            size = file.stat().st_size
            prefix = stream.read(8)
            length = int.from_bytes(prefix, "little")
            if len(prefix) < 8 or length > min(size - 8, LONGEST_HEADER):
                found = f"a header of {length} bytes in a file of {size}" if len(prefix) == 8 else f"{size} bytes"
                raise InputError(where, found, "8 bytes of header length, then the header")
            text = stream.read(length)
    except OSError as error:
        raise InputError(where, error.strerror or "an unreadable file", "a safetensors file") from None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(where, "a header that is not JSON", "a safetensors file") from None
    if not isinstance(content, dict):
        raise InputError(where, f"a header that is a JSON {type(content).__name__}", "an object of tensors")
    room = size - 8 - length
    return {name: _tensor(where, name, entry, room) for name, entry in content.items() if name != "__metadata__"}


def _tensor(where: str, name: str, entry: Any, room: int) -> tuple[str, int]:
    """Type and elements of one entry, after a check that its shape is its bytes."""
    if not isinstance(entry, Mapping):
        raise InputError(where, shown(entry), "an object with dtype, shape and data_offsets", name)
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in BITS:
        raise InputError(where, shown(dtype), f"one of {', '.join(BITS)}", f"{name}.dtype")
    if not _naturals(shape):
        raise InputError(where, shown(shape), "a list of whole numbers from 0", f"{name}.shape")
    if not _naturals(offsets) or len(offsets) != 2 or not offsets[0] <= offsets[1] <= room:
        raise InputError(where, shown(offsets), f"a begin and an end within {room} bytes", f"{name}.data_offsets")
    elements = math.prod(shape)
    if elements * BITS[dtype] != 8 * (offsets[1] - offsets[0]):
        expected = f"{elements * BITS[dtype] / 8:g} bytes for {elements} elements of {dtype}"
        raise InputError(where, f"{offsets[1] - offsets[0]} bytes", expected, f"{name}.data_offsets")
    return dtype, elements


def _naturals(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _whole(folder: Path) -> list[tuple[str, int]]:
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    if not files:
        found = "no *.safetensors" if folder.is_dir() else "no such folder"
        raise InputError(str(folder), found, "a folder with safetensors files")
    return [tensor for file in files for tensor in header(file).values()]


def _indexed(folder: Path, index: Path) -> list[tuple[str, int]]:
    """Each tensor from the file that the index says it is in."""
    where = str(index)
    names = read_json(index).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise InputError(where, shown(names), "an object from tensor to file", "weight_map")
    headers: dict[str, dict[str, tuple[str, int]]] = {}
    found = []
    for tensor, name in names.items():
        if not isinstance(name, str) or Path(name).name != name:
            raise InputError(where, shown(name), "the name of a file in the same folder", f"weight_map.{tensor}")
        if name not in headers:
            headers[name] = header(folder / name)
        if tensor not in headers[name]:
            raise InputError(where, f"a tensor that {name} does not hold", "a tensor of that file", tensor)
        found.append(headers[name][tensor])
    return found
