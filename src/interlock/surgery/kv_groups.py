"""A KV cache in groups: keys by channel or by token, values by token, each group with a scale of its own.

idea:  by channel, a group is so many successive tokens of one channel; by token, so many channels of one token.
source: Liu et al. 2024, KIVI, section 3.3 and algorithm 1; rotated keys as Ashkboos et al. 2024, QuaRot, section 4
        (stage 2d: the query's rotation cancels the key's, so turning the key back when it is read is the same).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from interlock.errors import InputError
from interlock.surgery.decoder import blocks
from interlock.surgery.kv_cache import QuantizedKV, QuantizedLayer, install
from interlock.surgery.packing import pack, unpack
from interlock.surgery.rotation import Rotation

Along = Literal["channel", "token"]


@dataclass(frozen=True, slots=True)
class SameTurn:
    """One rotation for all tokens."""

    rotation: Rotation

    def apply(self, keys: Tensor, first: int) -> Tensor:
        """As they are rounded."""
        return self.rotation.apply(keys)

    def inverse(self, keys: Tensor, first: int) -> Tensor:
        """As attention reads them."""
        return self.rotation.inverse(keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class KVFormat:
    """How keys or values are stored.

    Args:
        bits: 2 to 8 for integers; `floating` takes E4M3 instead.
        group_size: tokens (by channel) or channels (by token) that share a scale.
        along: what a group lies in.
        real_minimum: an fp16 minimum for each group instead of a zero point of the codes' width.
        symmetric: no zero point.
        floating: E4M3 with a scale of 1, no groups.
    """

    bits: int = 8
    group_size: int = 0
    along: Along = "token"
    real_minimum: bool = False
    symmetric: bool = False
    floating: bool = False

    def stored(self, x: Tensor) -> Stored:
        """Round and pack [batch, heads, tokens, channels]."""
        if self.floating:
            limit = torch.finfo(torch.float8_e4m3fn).max
            return Stored(x.clamp(-limit, limit).to(torch.float8_e4m3fn), None, None, x.shape, self)
        turned = x.transpose(2, 3) if self.along == "channel" else x
        size = self.group_size or turned.shape[-1]
        grouped = turned.reshape(*turned.shape[:-1], -1, size)
        top = 2**self.bits - 1
        low, high = grouped.amin(-1, keepdim=True), grouped.amax(-1, keepdim=True)
        if self.symmetric:
            high = torch.maximum(high, -low)
            low = -high
        elif not self.real_minimum:
            low, high = low.clamp(max=0), high.clamp(min=0)
        scale = ((high - low) / top).clamp(2.0**-24, 65504).half()
        if self.real_minimum:
            zero = low.half()
            codes = ((grouped - zero.float()) / scale.float()).round()
        else:
            whole = torch.full_like(low, 2 ** (self.bits - 1)) if self.symmetric else (-low / scale.float()).round()
            zero = whole.clamp(0, top)
            codes = (grouped / scale.float()).round() + zero
        packed = pack(codes.clamp(0, top).to(torch.uint8), self.bits)
        kept = None if self.symmetric else zero if self.real_minimum else pack(zero.to(torch.uint8), self.bits)
        return Stored(packed, scale, kept, turned.shape, self)


@dataclass(frozen=True, slots=True)
class Stored:
    """Packed tokens. `shape` is that of the codes, with groups along the last axis."""

    codes: Tensor
    scale: Tensor | None
    zero: Tensor | None
    shape: torch.Size
    how: KVFormat

    @property
    def nbytes(self) -> int:
        """Real bytes."""
        return sum(part.nbytes for part in (self.codes, self.scale, self.zero) if part is not None)

    def read(self) -> Tensor:
        """[batch, heads, tokens, channels] in float32."""
        if self.scale is None:
            return self.codes.float()
        size = self.how.group_size or self.shape[-1]
        codes = unpack(self.codes, self.how.bits, self.shape.numel()).view(*self.shape[:-1], -1, size).float()
        scale = self.scale.float()
        if self.how.real_minimum and self.zero is not None:
            found = codes * scale + self.zero.float()
        elif self.zero is not None:
            found = (codes - unpack(self.zero, self.how.bits, scale.numel()).view(scale.shape)) * scale
        else:
            found = (codes - 2 ** (self.how.bits - 1)) * scale
        turned = found.reshape(self.shape)
        return turned.transpose(2, 3) if self.how.along == "channel" else turned


def quantize_kv(
    model: nn.Module, key: KVFormat, value: KVFormat, *, residual: int = 0, turn: Rotation | None = None
) -> None:
    """Install a quantized cache with one layer a block.

    Raises:
        InputError: a group that does not divide the channels of a head.
    """
    config: Any = model.config
    channels = getattr(config, "head_dim", None) or int(config.hidden_size) // int(config.num_attention_heads)
    for how in (key, value):
        if how.along == "token" and how.group_size and channels % how.group_size:
            found = f"{how.group_size}, which does not divide the {channels} channels of a head"
            raise InputError("KV group_size", found, f"a divisor, such as {channels}")
    block = max([how.group_size for how in (key, value) if how.along == "channel"], default=1)
    count, turned = len(blocks(model)), None if turn is None else SameTurn(turn)

    def layers() -> list[QuantizedLayer]:
        return [QuantizedLayer(key, value, residual, block, turned) for _ in range(count)]

    about = None if turn is None else {"size": turn.size, "seed": turn.seed}
    described = {"key": asdict(key), "value": asdict(value), "residual": residual, "turn": about}
    install(model, QuantizedKV(layers=layers, described=described))
