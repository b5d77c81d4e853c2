"""Writing a changed model: a folder that `transformers` loads, and beside it the packed weights and how to use them.

idea:  `model.safetensors` holds plain weights in float32, linear steps folded in, so that any program computes the same
       as the changed model, but for rounding of activations and caches. `packed/weights.safetensors` holds what is
       really stored, 16 bits for what was not changed; its tensors add up to `Applied.stored`; it has a folder of its
       own, since programs take all safetensors of a folder for one model. `interlock.json` says what was done.
keeps: nothing lies under the final name until all of it is written.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from interlock.errors import InputError
from interlock.surgery.applied import Applied
from interlock.surgery.decoder import is_linear
from interlock.surgery.describing import described
from interlock.surgery.kv_cache import installed
from interlock.surgery.linear import StagedLinear, bias_of, folded_weight

WEIGHTS: Final = "model.safetensors"
PACKED: Final = "packed/weights.safetensors"
RECORD: Final = "interlock.json"
CACHE: Final = "kv_cache."  # names of what the rule of the KV cache learned


def save(
    applied: Applied,
    folder: Path,
    technique: str,
    parameters: Mapping[str, Any],
    *,
    more: Mapping[str, Any] | None = None,
    carried: Sequence[Path] = (),
) -> None:
    """Write a changed model.

    Args:
        applied: the model and what was done to it.
        folder: where to.
        technique: its name.
        parameters: its parameters.
        more: what else the record says.
        carried: files to copy beside it, such as the tokenizer's.

    Raises:
        InputError: the folder exists and is not empty, cannot be written, or the weights are not numbers.
    """
    broken = next((name for name, each in plain_tensors(applied.model).items() if not each.isfinite().all()), None)
    if broken:
        raise InputError(str(folder), f"weights of {broken} that are NaN or infinite", "finite weights")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(str(folder), "something that is already there", "a folder that does not exist or is empty")
    scratch: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        _write(applied, scratch, {"technique": technique, "parameters": dict(parameters), **(more or {})})
        for file in carried:
            shutil.copyfile(file, scratch / file.name)
        scratch.chmod(0o755)
        scratch.replace(folder)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise InputError(str(folder), reason, "a place that can be written and has room") from None
    finally:
        if scratch is not None and scratch.exists():
            shutil.rmtree(scratch, ignore_errors=True)


def _write(applied: Applied, folder: Path, told: Mapping[str, Any]) -> None:
    model: Any = applied.model
    layers, rule = changed(model), installed(model)
    (folder / PACKED).parent.mkdir()
    files = ((WEIGHTS, plain_tensors(model), "pt"), (PACKED, packed_tensors(model), "interlock"))
    for name, tensors, form in files:
        save_file(tensors, str(folder / name), {"format": form})
        (folder / name).chmod(0o644)  # the library leaves it to its owner
    kept, model.config.dtype = model.config.dtype, torch.float32
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    model.config.dtype = kept
    record = {
        **told,
        "effects": [{type(effect).__name__: asdict(effect)} for effect in applied.effects],
        "stored_bytes": applied.stored,
        "layers": [asdict(layer) for layer in applied.layers],
        "notes": list(applied.notes),
        "changed": {name: described(module) for name, module in layers.items()},
        "kv": rule.described if rule else None,
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")


def changed(model: nn.Module) -> dict[str, nn.Module]:
    """Layers that a technique put in, outermost."""
    found: dict[str, nn.Module] = {}
    for name, module in model.named_modules():
        ours = isinstance(module, StagedLinear) or (is_linear(module) and not isinstance(module, nn.Linear))
        if ours and not any(name.startswith(f"{other}.") for other in found):
            found[name] = module
    return found


def plain_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Tensors under the names of the original architecture, float32; tied weights once."""
    layers = changed(model)
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in _outside(model, layers):
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            found[name] = tensor.float().contiguous()
    for name, layer in layers.items():
        found[f"{name}.weight"] = folded_weight(layer).float().contiguous().clone()
        bias = bias_of(layer)
        if bias is not None:
            found[f"{name}.bias"] = bias.float().contiguous().clone()
    return found


def packed_tensors(model: nn.Module) -> dict[str, Tensor]:
    """What is stored: buffers of changed layers as they are, everything else in fp16."""
    layers = changed(model)
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in _outside(model, layers):
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            found[name] = tensor.half().contiguous()
    for name, layer in layers.items():
        for inner, tensor in layer.state_dict(prefix=f"{name}.").items():
            wide = inner.endswith("bias") or (inner.endswith("weight") and tensor.is_floating_point())
            found[inner] = (tensor.half() if wide else tensor).contiguous().clone()
    rule = installed(model)
    return {**found, **({f"{CACHE}{name}": tensor for name, tensor in rule.tensors.items()} if rule else {})}


def _outside(model: nn.Module, layers: Mapping[str, nn.Module]) -> list[tuple[str, Tensor]]:
    inside = tuple(f"{name}." for name in layers)
    return [(name, item.detach()) for name, item in model.named_parameters() if not name.startswith(inside)]
