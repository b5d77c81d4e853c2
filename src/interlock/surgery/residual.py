"""Rotating a decoder without changing its function: norms fused into what reads them, the residual stream turned.

source:  Ashkboos et al. 2024, SliceGPT, section 3.2 (computational invariance); QuaRot, section 4 (stages 1a to 1c).
symbols: Q orthogonal [d, d]; x rows of the residual stream become x Q. Embedding E -> E Q; layers that read the stream
         W -> W Q; layers that write it W -> Q^T W, b -> b Q; the head W -> W Q.
keeps:   logits up to fp32 rounding, about 1e-5 of their size. A head tied to the embedding is untied, since it takes
         the last norm's weight and the embedding does not; the result says so.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn

from interlock.errors import UnsupportedError
from interlock.surgery.decoder import blocks, body
from interlock.surgery.linear import Step
from interlock.surgery.rotation import Rotation
from interlock.surgery.scaling import require_plain

READERS: Final = {
    "input_layernorm": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "post_attention_layernorm": ("mlp.gate_proj", "mlp.up_proj"),
}
WRITERS: Final = ("self_attn.o_proj", "mlp.down_proj")


@torch.no_grad()
def fuse_norms(model: nn.Module) -> bool:
    """Move the weights of RMS norms into the layers that read them; returns whether the head had to be untied.

    Raises:
        UnsupportedError: an architecture that is not made like Llama.
    """
    inner, head = body(model), _head(model)
    for block in blocks(model):
        for norm_name, readers in READERS.items():
            norm = _plain_norm(block.module, norm_name)
            for reader in readers:
                _linear(block.module, reader).weight.mul_(norm.weight)
            norm.weight.fill_(1.0)
    last = _plain_norm(inner, "norm")
    untied = head.weight is _embedding(model).weight
    if untied:
        head.weight = nn.Parameter(head.weight.detach().clone())
        config: Any = model.config
        config.tie_word_embeddings = False
    head.weight.mul_(last.weight)
    last.weight.fill_(1.0)
    return untied


@torch.no_grad()
def rotate_residual(model: nn.Module, turn: Rotation) -> None:
    """Turn the residual stream of a model whose norms are fused."""
    for table in (_embedding(model).weight, _head(model).weight):
        table.copy_(turn.apply(table))
    for block in blocks(model):
        for names in READERS.values():
            for name in names:
                weight = _linear(block.module, name).weight
                weight.copy_(turn.apply(weight))
        for name in WRITERS:
            layer = _linear(block.module, name)
            layer.weight.copy_(turn.apply(layer.weight.T).T)
            if layer.bias is not None:
                layer.bias.copy_(turn.apply(layer.bias))


@torch.no_grad()
def rotate_heads(attention: nn.Module, turn: Rotation) -> None:
    """Turn the values of every head, in v_proj and back in o_proj."""
    value, out = _linear(attention, "v_proj"), _linear(attention, "o_proj")
    by_head = value.weight.view(-1, turn.size, value.in_features).transpose(1, 2)
    value.weight.copy_(turn.apply(by_head).transpose(1, 2).reshape_as(value.weight))
    if value.bias is not None:
        value.bias.copy_(turn.apply(value.bias.view(-1, turn.size)).view(-1))
    out.weight.copy_(turn.apply(out.weight.view(out.out_features, -1, turn.size)).reshape_as(out.weight))


class RotateInput(Step):
    """x Q when the input comes; the weights behind it have Q inside."""

    def __init__(self, turn: Rotation) -> None:
        super().__init__()
        self.turn = turn

    def forward(self, x: Tensor) -> Tensor:
        """Turn [..., features]."""
        return self.turn.apply(x)

    def absorb(self, weight: Tensor) -> Tensor:
        """Weights for the turned input."""
        return self.turn.apply(weight)

    def fold(self, weight: Tensor) -> Tensor:
        """Weights for the input as it comes."""
        return self.turn.inverse(weight)


class RotateAcrossHeads(RotateInput):
    """Mixes heads: feature i of every head with the same feature of the others."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn [..., heads * head size]."""
        return self._mixed(x, self.turn.apply)

    def absorb(self, weight: Tensor) -> Tensor:
        """Weights for the turned input."""
        return self._mixed(weight, self.turn.apply)

    def fold(self, weight: Tensor) -> Tensor:
        """Weights for the input as it comes."""
        return self._mixed(weight, self.turn.inverse)

    def _mixed(self, x: Tensor, turned: Any) -> Tensor:
        by_head = x.reshape(*x.shape[:-1], self.turn.size, -1).transpose(-1, -2)
        mixed: Tensor = turned(by_head).transpose(-1, -2).reshape(x.shape)
        return mixed


def _plain_norm(module: nn.Module, name: str) -> Any:
    try:
        norm = module.get_submodule(name)
    except AttributeError:
        raise UnsupportedError(
            f"{type(module).__name__} has no {name}; rotations know models made like Llama"
        ) from None
    if getattr(norm, "bias", None) is not None or "RMS" not in type(norm).__name__:
        raise UnsupportedError(
            f"{name} ({type(norm).__name__}) is not an RMS norm; a rotation does not pass through it"
        )
    require_plain(norm, name)
    return norm


def _linear(module: nn.Module, name: str) -> nn.Linear:
    try:
        found = module.get_submodule(name)
    except AttributeError:
        raise UnsupportedError(
            f"{type(module).__name__} has no {name}; rotations know models made like Llama"
        ) from None
    if not isinstance(found, nn.Linear):
        raise UnsupportedError(f"{name} was changed before; rotate the original model")
    return found


def _head(model: nn.Module) -> nn.Linear:
    head = model.get_output_embeddings()  # type: ignore[operator]
    if not isinstance(head, nn.Linear):
        raise UnsupportedError(f"{type(model).__name__} has no output head")
    return head


def _embedding(model: nn.Module) -> nn.Embedding:
    embedding = model.get_input_embeddings()  # type: ignore[operator]
    if not isinstance(embedding, nn.Embedding):
        raise UnsupportedError(f"{type(model).__name__} has no embedding table")
    return embedding
