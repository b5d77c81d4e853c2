"""All rotations of QuaRot on one model.

source: Ashkboos et al. 2024, QuaRot, section 4: stages 1a (residual), 1b (down_proj), 1c (values and heads), 2d (keys).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from interlock.surgery.decoder import blocks, replace
from interlock.surgery.linear import StagedLinear
from interlock.surgery.residual import RotateAcrossHeads, RotateInput, fuse_norms, rotate_heads, rotate_residual
from interlock.surgery.rotation import Rotation, rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What was turned. `keys`: the rotation of a head's keys, for the cache."""

    keys: Rotation
    notes: tuple[str, ...]


@torch.no_grad()
def rotate(model: nn.Module, seed: int = 0) -> Rotated:
    """Turn a model made like Llama, in place; its function stays.

    Raises:
        UnsupportedError: another architecture.
    """
    notes = ["the output head is no longer tied to the embedding"] if fuse_norms(model) else []
    config: Any = model.config
    residual = rotation(int(config.hidden_size), seed)
    rotate_residual(model, residual)
    every = blocks(model)
    attention: Any = every[0].module.self_attn
    heads = int(config.num_attention_heads)
    head = rotation(int(attention.o_proj.in_features) // heads)
    across = rotation(heads, seed)
    feed: Any = every[0].module.mlp
    inner = rotation(int(feed.down_proj.in_features))
    for block in every:
        rotate_heads(block.module.get_submodule("self_attn"), head)
        for name, step in (("self_attn.o_proj", RotateAcrossHeads(across)), ("mlp.down_proj", RotateInput(inner))):
            layer: Any = block.module.get_submodule(name)
            layer.weight.copy_(step.absorb(layer.weight))
            replace(model, f"{block.name}.{name}", StagedLinear([step], layer))
    kinds = {"residual stream": residual, "heads": across, "head": head, "input of down_proj": inner}
    notes += [f"{where}: {turn.kind}" for where, turn in kinds.items()]
    return Rotated(keys=head, notes=tuple(notes))
