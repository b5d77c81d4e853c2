"""A KV cache of learned levels: keys before positions by channel, values by token, a few outliers apart.

source:  Hooper et al. 2024, KVQuant: section 3.1 (keys by channel, with ranges found beforehand), 3.2 (before rotary
         positions), 3.3 (levels of each layer by k-means, weighted by sensitivity), 3.4 (dense and sparse), 3.5 (the
         first token in full).
symbols: x = mid + half u with u in [-1, 1] by a channel's (keys) or token's (values) range without outliers; codes of
         b bits choose one of 2^b levels of u, which a layer's keys, or values, share.
departs: every token keeps the same number of outliers, those farthest out of its channels' ranges (keys) or from its
         mean (values), so that no row pointers are stored and bytes are known beforehand; keys that are farther out
         than their level and not kept are clipped. Its normalization of levels (Q-Norm) is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from interlock.errors import InputError
from interlock.numerics.clustering import levels_of
from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import blocks
from interlock.surgery.kv_cache import QuantizedKV, QuantizedLayer, install
from interlock.surgery.kv_positions import positions_of
from interlock.surgery.kv_recording import Seen, recorded
from interlock.surgery.packing import pack, unpack

NARROWEST = 2.0**-14  # half a range, of fp16's normal numbers
CHOICES = ("weighted", "plain", "uniform")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelCoding:
    """Levels and what they are scaled by.

    Args:
        levels: u, ascending, fp16 [2^bits].
        bits: of a code.
        outliers: that each token keeps in fp16, with their places.
        low: of each channel, fp16 [heads * channels]; None to find the range of each token.
        high: likewise.
    """

    levels: Tensor
    bits: int
    outliers: int
    low: Tensor | None = None
    high: Tensor | None = None

    def stored(self, x: Tensor) -> StoredLevels:
        """Round and pack [batch, heads, tokens, channels]."""
        flat = x.transpose(1, 2).flatten(2)
        far, low, high = self.spread(flat)
        places = far.topk(self.outliers, -1).indices
        middle, half = _scale(low, high)
        u = (flat - middle) / half
        edges = (self.levels[1:].float() + self.levels[:-1].float()) / 2
        return StoredLevels(
            codes=pack(torch.bucketize(u.contiguous(), edges).to(torch.uint8), self.bits),
            ranges=None if self.low is not None else torch.cat([low, high], -1).half(),
            places=places.to(torch.int16),
            outliers=flat.gather(-1, places).half(),
            shape=x.shape,
            how=self,
        )

    def spread(self, flat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """How far out each element is, and the ranges without outliers; [..., heads * channels]."""
        if self.low is not None and self.high is not None:
            middle, half = _scale(self.low, self.high)
            return (flat - middle).abs() / half, self.low, self.high
        far = (flat - flat.mean(-1, keepdim=True)).abs()
        out = far.topk(self.outliers, -1).indices
        low = flat.scatter(-1, out, torch.inf).amin(-1, keepdim=True)
        high = flat.scatter(-1, out, -torch.inf).amax(-1, keepdim=True)
        return far, low.half().float(), high.half().float()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredLevels:
    """Packed tokens."""

    codes: Tensor
    ranges: Tensor | None
    places: Tensor
    outliers: Tensor
    shape: torch.Size
    how: LevelCoding

    @property
    def nbytes(self) -> int:
        """Real bytes."""
        parts = (self.codes, self.ranges, self.places, self.outliers)
        return sum(part.nbytes for part in parts if part is not None)

    def read(self) -> Tensor:
        """[batch, heads, tokens, channels] in float32."""
        batch, heads, tokens, channels = self.shape
        codes = unpack(self.codes, self.how.bits, self.shape.numel()).view(batch, tokens, heads * channels)
        if self.ranges is not None:
            low, high = self.ranges[..., :1], self.ranges[..., 1:]
        else:
            assert self.how.low is not None
            assert self.how.high is not None
            low, high = self.how.low, self.how.high
        middle, half = _scale(low, high)
        found = self.how.levels.float()[codes.long()] * half + middle
        found = found.scatter(-1, self.places.long(), self.outliers.float())
        return found.view(batch, tokens, heads, channels).transpose(1, 2)


def _scale(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    low, high = low.float(), high.float()
    return (low + high) / 2, ((high - low) / 2).clamp_min(NARROWEST)


def learn_levels(
    model: nn.Module, calibration: Calibration, *, bits: int, share: float, sink: int, choice: str, before: bool
) -> float:
    """Install a cache of levels learned from calibration tokens; returns bits an element beside its code.

    Raises:
        InputError: more outliers than a token has elements.
    """
    turn = positions_of(model) if before else None
    learned: dict[str, Tensor] = {}
    count = width = 0
    for place, (keys, values) in enumerate(recorded(model, calibration, turn)):
        width = keys.states.shape[1]
        count = round(share * width)
        if count >= width:
            raise InputError("outliers", f"{count} of the {width} elements of a token's keys", "a smaller share")
        ends = np.quantile(keys.states.numpy(), [share / 2, 1 - share / 2], axis=0)
        low, high = (torch.from_numpy(end).float().clamp(-65504, 65504).half() for end in ends)
        empty = torch.zeros(2**bits, dtype=torch.float16)
        key = LevelCoding(levels=empty, bits=bits, outliers=count, low=low, high=high)
        value = LevelCoding(levels=empty, bits=bits, outliers=count)
        learned |= {f"{place}.key_low": low, f"{place}.key_high": high}
        for name, coding, seen in (("key", key, keys), ("value", value, values)):
            learned[f"{place}.{name}_levels"] = _learned(coding, seen, choice)
    install_levels(model, learned, bits=bits, outliers=count, sink=sink, before=before)
    return (32 * count + 16) / width  # outliers of keys and values with their places, ranges of values


def _learned(coding: LevelCoding, seen: Seen, choice: str) -> Tensor:
    """Levels for what is seen, of elements inside their ranges."""
    if choice == "uniform":
        return torch.linspace(-1, 1, 2**coding.bits).half()
    _, low, high = coding.spread(seen.states)
    middle, half = _scale(low, high)
    u = (seen.states - middle) / half
    inside = u.abs() <= 1
    weights = (seen.weights * half.square())[inside].numpy() if choice == "weighted" else None
    return torch.from_numpy(levels_of(u[inside].numpy(), 2**coding.bits, weights)).half()


def install_levels(
    model: nn.Module, learned: Mapping[str, Tensor], *, bits: int, outliers: int, sink: int, before: bool
) -> None:
    """Give every forward pass of a model a cache of learned levels."""
    turn = positions_of(model) if before else None
    codings = []
    for place in range(len(blocks(model))):
        ranges = {end: learned[f"{place}.key_{end}"] for end in ("low", "high")}
        key = LevelCoding(levels=learned[f"{place}.key_levels"], bits=bits, outliers=outliers, **ranges)
        codings.append((key, LevelCoding(levels=learned[f"{place}.value_levels"], bits=bits, outliers=outliers)))

    def layers() -> list[QuantizedLayer]:
        return [QuantizedLayer(key, value, 0, 1, turn, sink) for key, value in codings]

    described = {"levels": {"bits": bits, "outliers": outliers, "sink": sink, "before": before}}
    install(model, QuantizedKV(layers=layers, described=described, tensors=dict(learned)))
