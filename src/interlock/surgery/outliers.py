"""A stress test: outlier features that do not change what the model computes.

idea:  small models lack the large activations of large ones. Multiplying a few features of a norm's weight by a factor,
       and dividing the columns that read them, gives the very activations that SmoothQuant, LLM.int8() and QuaRot are
       made for, and the same outputs. The inputs of down_proj get theirs through the rows of up_proj.
keeps: the function, bit for bit if the factor is a power of two and nothing overflows.
source: the equivalence of Xiao et al. 2022, SmoothQuant, equation 3, read backwards; magnitudes as in Dettmers et al.
        2022, LLM.int8(), section 4 (features 20 times the others, in about 0.1 % of the features).
"""

from __future__ import annotations

import torch
from torch import nn

from interlock.errors import InputError
from interlock.surgery.decoder import blocks
from interlock.surgery.scaling import pairs


def inject(
    model: nn.Module, *, share: float = 0.01, factor: float = 64.0, seed: int = 0, norms_only: bool = True
) -> list[int]:
    """Give the same few features of every block's inputs outliers; returns the features behind norms.

    Raises:
        InputError: a share outside 0 to 1 or a factor below 1.
    """
    if not 0 < share < 1 or factor < 1:
        raise InputError("outliers", f"share {share}, factor {factor}", "a share between 0 and 1 and a factor from 1")
    generator = torch.Generator().manual_seed(seed)
    chosen: dict[int, torch.Tensor] = {}
    for block in blocks(model):
        for pair in pairs(block, norms_only=norms_only):
            reader = next(iter(pair.readers.values()))
            size = int(reader.in_features)  # type: ignore[arg-type]
            if size not in chosen:
                chosen[size] = torch.randperm(size, generator=generator)[: max(1, round(share * size))]
            scale = torch.ones(size)
            scale[chosen[size]] = 1 / factor
            pair.scale(scale)
    return sorted(next(iter(chosen.values())).tolist())
