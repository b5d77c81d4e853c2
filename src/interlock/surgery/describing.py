"""Changed layers as plain data and tensors, and back.

idea:  a module is its class, its plain attributes, its buffers and its modules inside. Attributes that are objects of
       ours (a grid, a codec, a rotation) are written by what they are made from. Only classes of this room are made
       again.
keeps: `made(described(module), buffers)` computes the same as the module, bit for bit.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import torch
from torch import Tensor, nn

from interlock.errors import InputError, shown
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.rotation import Rotation, rotation

Plain = dict[str, Any]
PLACES: Final = {
    "QuantizedLinear": "linear", "StagedLinear": "linear", "DecomposedLinear": "decomposition",
    "IntegerStore": "stores", "ColumnsStore": "stores", "HalfStore": "stores", "CodecStore": "codec_store",
    "IncoherentStore": "incoherence", "RealZeroStore": "half_quadratic",
    "TokenQuantizer": "inputs", "TensorQuantizer": "inputs",
    "FloatTokenQuantizer": "inputs", "MixedInputs": "mixed", "RotateInput": "residual",
    "RotateAcrossHeads": "residual", "ModuleList": "", "Linear": "",
    "FactorStore": "factors", "FactoredLinear": "factors", "SumStore": "factors",
    "SparseIntegerStore": "sparse_integers", "TileStore": "tiles", "TiledLinear": "tiles",
    "TileVectorStore": "tile_vectors", "LayoutStore": "sparse_tiles", "SharedValueStore": "shared_values",
}  # fmt: skip


def described(module: nn.Module) -> Plain:
    """A module without its tensors."""
    kind = type(module).__name__
    if kind not in PLACES:
        raise InputError("changed layer", kind, "a layer of this package")
    if isinstance(module, nn.Linear):
        return {
            "kind": kind,
            "rows": module.out_features,
            "columns": module.in_features,
            "bias": module.bias is not None,
        }
    attributes = {
        name: _written(value)
        for name, value in vars(module).items()
        if not name.startswith("_") and name != "training" and not isinstance(value, Tensor)
    }
    empty = [name for name, buffer in module._buffers.items() if buffer is None]
    inside = {name: described(child) for name, child in module.named_children()}
    return {"kind": kind, "attributes": attributes, "empty": empty, "inside": inside}


def made(data: Plain, tensors: Mapping[str, Tensor], prefix: str = "") -> nn.Module:
    """The module of a description, with tensors by their names under a prefix.

    Raises:
        InputError: a description that is none of ours.
    """
    kind = data.get("kind")
    if kind not in PLACES:
        raise InputError("changed layer", shown(kind), "a layer of this package")
    if kind == "Linear":
        linear = nn.Linear(data["columns"], data["rows"], bias=data["bias"])
        with torch.no_grad():
            linear.weight.copy_(tensors[f"{prefix}weight"])
            if data["bias"]:
                linear.bias.copy_(tensors[f"{prefix}bias"])
        return linear
    place = importlib.import_module(f"interlock.surgery.{PLACES[kind]}") if PLACES[kind] else nn
    module: nn.Module = getattr(place, kind).__new__(getattr(place, kind))
    nn.Module.__init__(module)
    module.eval()
    for name, value in data["attributes"].items():
        setattr(module, name, _read(value))
    for name in (name for name in ("_dense", "_fixed") if kind.endswith("Linear")):
        setattr(module, name, None)
    own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    for name in data["empty"]:
        module.register_buffer(name, None)
    for name, value in own.items():
        if "." not in name:
            module.register_buffer(name, value)
    for name, inside in data["inside"].items():
        module.add_module(name, made(inside, tensors, f"{prefix}{name}."))
    return module


def _written(value: Any) -> Any:
    from interlock.numerics.codec import Codec

    if isinstance(value, IntegerGrid):
        return {"grid": asdict(value)}
    if isinstance(value, Codec):
        return {"codec": value.name}
    if isinstance(value, Rotation):
        return {"rotation": {"size": value.size, "seed": value.seed}}
    return {"tuple": [*value]} if isinstance(value, tuple) else value


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "grid" in value:
        return IntegerGrid(**value["grid"])
    if "codec" in value:
        from interlock.numerics.codecs import codec

        return codec(value["codec"])
    if "rotation" in value:
        return rotation(**value["rotation"])
    return tuple(value["tuple"])
