"""A KV cache that stores packed codes: keys by channel or by token, values by token, the latest tokens in full.

idea:  tokens collect in full precision until there is a whole block of them (`residual`), then the block is rounded and
       packed. By channel, a group is so many successive tokens of one channel; by token, so many channels of one token.
keeps: what attention reads of a packed block is what the packed bytes stand for. `stored_bytes` are their real sizes.
       In a forward pass over many tokens, all whole blocks are packed before attention reads them, so a query sees its
       own token's key as later queries will: the loss that is measured is never below that of token by token decoding.
source: Liu et al. 2024, KIVI, section 3.3 and algorithm 1; rotated keys as Ashkboos et al. 2024, QuaRot, section 4
        (stage
       2d: the query's rotation cancels the key's, so turning the key back when it is read is the same).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from interlock.errors import InputError
from interlock.surgery.decoder import blocks, body
from interlock.surgery.packing import pack, unpack
from interlock.surgery.rotation import Rotation

Along = Literal["channel", "token"]


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


class QuantizedLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer. `keys` and `values` hold what attention reads; `packed` what is stored."""

    def __init__(self, key: KVFormat, value: KVFormat, residual: int, block: int, turn: Rotation | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.formats, self.residual, self.block, self.turn = (key, value), residual, block, turn
        self.packed: list[tuple[Stored, Stored]] = []
        self.full = 0  # tokens at the end that are not packed

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Append tokens, pack whole blocks of those older than the residual, and return all."""
        all_keys, all_values = super().update(key_states, value_states, *args, **kwargs)  # new tensors, free to change
        self.full += key_states.shape[-2]
        ready = (self.full - self.residual) // self.block * self.block
        if ready > 0:
            end = all_keys.shape[-2] - self.full
            place = slice(end, end + ready)
            keys, values = all_keys[:, :, place], all_values[:, :, place]
            stored = (
                self.formats[0].stored(self.turn.apply(keys) if self.turn else keys),
                self.formats[1].stored(values),
            )
            self.packed.append(stored)
            read = self.turn.inverse(stored[0].read()) if self.turn else stored[0].read()
            all_keys[:, :, place], all_values[:, :, place] = read, stored[1].read()
            self.full -= ready
        return all_keys, all_values

    def stored_bytes(self) -> dict[str, int]:
        """Bytes of packed tokens, and of the latest ones at 16 bits."""
        packed = sum(key.nbytes + value.nbytes for key, value in self.packed)
        each = 0 if self.keys is None else self.keys[:, :, :1].numel()  # of one token
        return {"kv": packed, "kv residual": 2 * 2 * each * self.full}

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.packed, self.full = [], 0


class QuantizedKV:
    """The rule that gives a model's forward passes a quantized cache. `paused` while calibration runs single blocks."""

    def __init__(
        self, layers: int, key: KVFormat, value: KVFormat, *, residual: int = 0, turn: Rotation | None = None
    ) -> None:
        self.key, self.value, self.residual, self.turn = key, value, residual, turn
        sizes = [how.group_size for how in (key, value) if how.along == "channel"]
        block = max(sizes, default=1)
        self.new: Callable[[], Cache] = lambda: Cache(
            layers=[QuantizedLayer(key, value, residual, block, turn) for _ in range(layers)]
        )
        self.paused = False

    def __call__(self, module: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        """As a hook before the decoder's forward: put the cache where there is none, or an empty one."""
        given = kwargs.get("past_key_values")
        if self.paused or not (given is None or (type(given) is DynamicCache and given.get_seq_length() == 0)):
            return None
        return args, {**kwargs, "past_key_values": self.new(), "use_cache": True}


def install(model: nn.Module, rule: QuantizedKV) -> None:
    """Give every forward pass of a model a quantized cache; a rule installed before is replaced."""
    inner = body(model)
    known = getattr(inner, "_quantized_kv", None)
    if known is not None:
        known[1].remove()
    inner._quantized_kv = (rule, inner.register_forward_pre_hook(rule, with_kwargs=True))  # type: ignore[assignment]


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
    install(model, QuantizedKV(len(blocks(model)), key, value, residual=residual, turn=turn))
