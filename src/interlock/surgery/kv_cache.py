"""A KV cache that stores packed codes, the latest tokens in full.

idea:  tokens collect in full precision until there is a whole block of them (`residual`), then the block is rounded and
       packed by what a `Coding` says. The first tokens may stay in full (`sink`).
keeps: what attention reads of a packed block is what the packed bytes stand for. `stored_bytes` are their real sizes.
       In a forward pass over many tokens, all whole blocks are packed before attention reads them, so a query sees its
       own token's key as later queries will: the loss that is measured is never below that of token by token decoding.
source: Liu et al. 2024, KIVI, section 3.3 and algorithm 1; the sink: Xiao et al. 2023, StreamingLLM.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from interlock.surgery.decoder import body

Plain = dict[str, Any]


class Packed(Protocol):
    """Packed tokens."""

    @property
    def nbytes(self) -> int:
        """Real bytes."""

    def read(self) -> Tensor:
        """[batch, heads, tokens, channels] in float32."""


class Coding(Protocol):
    """How keys or values are stored."""

    def stored(self, x: Tensor) -> Packed:
        """Round and pack [batch, heads, tokens, channels]."""


class Turn(Protocol):
    """An orthogonal change of keys before they are rounded, undone when they are read; `first` is the first token."""

    def apply(self, keys: Tensor, first: int) -> Tensor:
        """As they are rounded."""

    def inverse(self, keys: Tensor, first: int) -> Tensor:
        """As attention reads them."""


class QuantizedLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer. `keys` and `values` hold what attention reads; `packed` what is stored."""

    def __init__(
        self, key: Coding, value: Coding, residual: int, block: int, turn: Turn | None = None, sink: int = 0
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.formats, self.residual, self.block, self.turn, self.sink = (key, value), residual, block, turn, sink
        self.packed: list[tuple[Packed, Packed]] = []
        self.end = sink  # of the packed tokens

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Append tokens, pack whole blocks of those older than the residual, and return all."""
        all_keys, all_values = super().update(key_states, value_states, *args, **kwargs)  # new tensors, free to change
        ready = (all_keys.shape[-2] - self.end - self.residual) // self.block * self.block
        if ready > 0:
            first, place = self.end, slice(self.end, self.end + ready)
            keys, values = all_keys[:, :, place], all_values[:, :, place]
            stored = (
                self.formats[0].stored(self.turn.apply(keys, first) if self.turn else keys),
                self.formats[1].stored(values),
            )
            self.packed.append(stored)
            read = stored[0].read()
            all_keys[:, :, place] = self.turn.inverse(read, first) if self.turn else read
            all_values[:, :, place] = stored[1].read()
            self.end += ready
        return all_keys, all_values

    def stored_bytes(self) -> dict[str, int]:
        """Bytes of packed tokens, and of the others at 16 bits."""
        packed = sum(key.nbytes + value.nbytes for key, value in self.packed)
        full = 0 if self.keys is None else self.keys.shape[-2] - (self.end - self.sink)
        each = 0 if self.keys is None else self.keys[:, :, :1].numel()  # of one token
        return {"kv": packed, "kv residual": 2 * 2 * each * full}

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.packed, self.end = [], self.sink


@dataclass(slots=True, kw_only=True, eq=False)
class QuantizedKV:
    """The rule that gives a model's forward passes a quantized cache.

    Args:
        layers: makes the empty layers of a cache.
        described: how, as plain data.
        tensors: what the rule learned, stored once.
        paused: while calibration runs single blocks.
    """

    layers: Callable[[], list[QuantizedLayer]]
    described: Plain
    tensors: dict[str, Tensor] = field(default_factory=dict)
    paused: bool = False

    def __call__(self, module: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        """As a hook before the decoder's forward: put the cache where there is none, or an empty one."""
        given = kwargs.get("past_key_values")
        if self.paused or not (given is None or (type(given) is DynamicCache and given.get_seq_length() == 0)):
            return None
        return args, {**kwargs, "past_key_values": Cache(layers=[*self.layers()]), "use_cache": True}


def installed(model: nn.Module) -> QuantizedKV | None:
    """The rule that a model has."""
    found: QuantizedKV | None = getattr(body(model), "_quantized_kv", (None,))[0]
    return found


def install(model: nn.Module, rule: QuantizedKV) -> None:
    """Give every forward pass of a model a quantized cache; a rule installed before is replaced."""
    inner = body(model)
    known = getattr(inner, "_quantized_kv", None)
    if known is not None:
        known[1].remove()
    inner._quantized_kv = (rule, inner.register_forward_pre_hook(rule, with_kwargs=True))  # type: ignore[assignment]
