"""A GGUF file, turned once into a folder of fp32 safetensors in the cache.

source: the GGUF format and its block types as the `gguf` package reads them; names and layouts by transformers
keeps:  what the file dequantizes to is stored exactly, so the folder reloads to the same bits.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from interlock.atomic import replacing_folder
from interlock.errors import InputError, UnsupportedError, shown
from interlock.lab.extras import require_gguf
from interlock.lab.folders import cache_folder
from interlock.lab.models.folder import check_numbers

PLAIN: Final = ("F32", "F16")
_DESCRIBED: Final = (
    "general.architecture",
    ".block_count",
    ".embedding_length",
    ".feed_forward_length",
    "tokenizer.ggml.tokens",
)


def converted(file: Path, name: str | None = None) -> tuple[Path, str]:
    """The folder with the file's weights, made where it is not there yet, and a line on what they were stored as.

    Raises:
        InputError: cut short, of a type that cannot be read, or without a tokenizer.
        MissingExtraError: no reader of GGUF files is installed.
    """
    require_gguf("reading a GGUF file")
    types = tensor_types(file)
    note = f"dequantized from GGUF ({', '.join(f'{count} {kind}' for kind, count in types.most_common())})"
    target = cache_folder() / "models" / (name or f"{file.stem}-{_digest(file)}")
    if target.is_dir():
        return target, note
    try:
        model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    except Exception as error:  # every kind, from three libraries
        text = str(error).split("\n")[0]
        raise UnsupportedError(f"{file}: transformers cannot read it ({shown(text, 120)})") from None
    check_numbers(model, str(file))
    with replacing_folder(target) as part:
        save_plain(model, part)
        tokenizer.save_pretrained(part)
    return target, note


def save_plain(model: torch.nn.Module, folder: Path) -> None:
    """Config and weights as transformers loads them; tied weights are stored once."""
    weights, seen = {}, set()
    for name, tensor in model.state_dict().items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            weights[name] = tensor.detach().contiguous()
    file = folder / "model.safetensors"
    save_file(weights, file, metadata={"format": "pt"})
    file.chmod(0o644)  # the library leaves it to its owner
    given: Any = model.config
    kept = {key: value for key, value in given.to_dict().items() if key != "quantization_config"}
    config = type(given).from_dict(kept)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)


def tensor_types(file: Path) -> Counter[str]:
    """How many tensors have which block type.

    Raises:
        InputError: no GGUF file, cut short, or with a type that cannot be turned into numbers.
    """
    import gguf
    from gguf import quants

    known = {*PLAIN, *(kind.name for kind in quants._type_traits)}
    where = str(file)
    if not file.is_file():
        raise InputError(where, "no such file", "a .gguf file")
    try:
        reader = gguf.GGUFReader(file)
        fields = set(reader.fields)
        types = Counter(tensor.tensor_type.name for tensor in reader.tensors)
        ends = max((int(tensor.data_offset) + int(tensor.n_bytes) for tensor in reader.tensors), default=0)
    except Exception as error:  # the reader trusts the file: a broken one raises whatever NumPy and enum raise
        text = str(error).split("\n")[0] or type(error).__name__
        if "GGMLQuantizationType" in text:
            raise InputError(
                where, f"a tensor of unknown type ({text})", f"one of {', '.join(sorted(known))}"
            ) from None
        raise InputError(
            where, f"a file that does not read as GGUF ({shown(text, 100)})", "a whole GGUF file"
        ) from None
    if not types or ends > file.stat().st_size:
        found = f"{file.stat().st_size} bytes, {ends} expected" if types else "no tensors"
        raise InputError(where, found, "a whole GGUF file")
    _check_described(fields, where)
    unknown = sorted(set(types) - known)
    if unknown:
        raise InputError(where, f"tensors of type {unknown[0]}", f"one of {', '.join(sorted(known))}")
    return types


def _check_described(fields: set[str], where: str) -> None:
    """What transformers would fill in by itself, with sizes of a model of billions, must be said."""
    for ending in _DESCRIBED:
        if not any(field.endswith(ending) for field in fields):
            raise InputError(where, f"no {ending.lstrip('.')} in its header", "a language model with its tokenizer")


def _digest(file: Path) -> str:
    told = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(2**22):
            told.update(chunk)
    return told.hexdigest()[:12]
