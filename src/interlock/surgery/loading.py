"""Reading a changed model back, with what happens at run time: rounded inputs, rotations, the quantized cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import AutoModelForCausalLM

from interlock.errors import InputError
from interlock.files import read_json
from interlock.surgery.decoder import replace
from interlock.surgery.describing import made
from interlock.surgery.kv_rules import restore_cache
from interlock.surgery.linear import QuantizedLinear, bias_of
from interlock.surgery.saving import CACHE, PACKED, RECORD


def load(folder: Path) -> nn.Module:
    """The changed model as it was saved, in evaluation mode.

    Rounded layers come back bit for bit; layers that were rotated but not rounded come back in fp16.

    Raises:
        InputError: not such a folder, or a file of it is broken.
    """
    record = read_json(folder / RECORD)
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
        model.eval()
        with safe_open(folder / PACKED, "pt") as file:
            names = list(file.keys())
            for name, data in record["changed"].items():
                inside = {key: file.get_tensor(key) for key in names if key.startswith(f"{name}.")}
                plain = model.get_submodule(name)
                layer = made(data, inside, f"{name}.")
                _exact_bias(layer, plain)
                replace(model, name, layer)
            learned = {key.removeprefix(CACHE): file.get_tensor(key) for key in names if key.startswith(CACHE)}
    except (OSError, SafetensorError, KeyError, AttributeError, ValueError) as error:
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        raise InputError(str(folder), reason, "a folder written by this package, complete") from None
    restore_cache(model, record.get("kv"), learned)
    loaded: nn.Module = model
    return loaded


def _exact_bias(layer: nn.Module, plain: nn.Module) -> None:
    """Biases count 16 bits in the packed file; the plain file has them in full."""
    bias = bias_of(plain)
    for inner in layer.modules():
        if bias is not None and isinstance(inner, QuantizedLinear):
            inner.bias = bias.clone()
