"""Moving a factor from a layer's inputs into its weights, without changing the function.

idea:  what produces the inputs (a norm's weight, or the rows of the linear layer before) is divided by s, the columns
       that read them are multiplied by s. It changes what there is to round, and nothing else.
source: Xiao et al. 2022, SmoothQuant, section 4 (norm to linear); Lin et al. 2023, AWQ, section 3.2 (also linear to
        linear).
keeps: the model's outputs up to fp32 rounding; powers of two keep them bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from interlock.errors import UnsupportedError
from interlock.surgery.decoder import Block, is_linear

# what produces an input, and what reads it, by name inside a block
PLACES: Final = (
    ("input_layernorm", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
    ("post_attention_layernorm", ("mlp.gate_proj", "mlp.up_proj")),
    ("self_attn.v_proj", ("self_attn.o_proj",)),
    ("mlp.up_proj", ("mlp.down_proj",)),
    ("input_layernorm", ("attention.query_key_value",)),  # GPT-NeoX
    ("post_attention_layernorm", ("mlp.dense_h_to_4h",)),
    ("self_attn_layer_norm", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),  # OPT
    ("final_layer_norm", ("fc1",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A producer of inputs and the linear layers that read them."""

    source: nn.Module
    source_name: str
    readers: dict[str, nn.Module]

    @property
    def is_norm(self) -> bool:
        """Whether the inputs come from a norm."""
        return not is_linear(self.source)

    def scale(self, factor: Tensor) -> None:
        """Divide the inputs by a factor [features] and multiply the columns that read them."""
        with torch.no_grad():
            weight: Any = self.source.weight
            weight.div_(factor if weight.ndim == 1 else factor.unsqueeze(1))
            bias: Any = getattr(self.source, "bias", None)
            if bias is not None:
                bias.div_(factor)
            for layer in self.readers.values():
                columns: Any = layer.weight
                columns.mul_(factor)


def pairs(block: Block, *, norms_only: bool = False) -> list[Pair]:
    """The pairs of a block, as far as names and shapes tell.

    Raises:
        UnsupportedError: no norm whose readers are known, or a norm that does more than multiply by its weight.
    """
    found = []
    for source_name, reader_names in PLACES:
        source = _part(block.module, source_name)
        readers = {f"{block.name}.{name}": _part(block.module, name) for name in reader_names}
        present = {name: layer for name, layer in readers.items() if layer is not None}
        if source is None or len(present) < len(reader_names):
            continue
        if not all(isinstance(layer, nn.Linear) for layer in present.values()):
            raise UnsupportedError(f"{block.name} has layers that were changed before; scale the original model")
        if is_linear(source):
            weight: Any = source.weight
            if norms_only or any(layer.in_features != len(weight) for layer in present.values()):
                continue  # with grouped queries, several heads of o_proj read the same row of v_proj
        else:
            require_plain(source, f"{block.name}.{source_name}")
        found.append(Pair(source=source, source_name=f"{block.name}.{source_name}", readers=present))
    if not found:
        raise UnsupportedError(f"{block.name}: no norm or layer is known whose outputs its linear layers read")
    return found


def require_plain(norm: nn.Module, name: str) -> None:
    """Check that a norm's output is proportional to its weight (Gemma's, 1 + weight, is not).

    Raises:
        UnsupportedError: it is not.
    """
    weight: Any = norm.weight
    with torch.no_grad():
        x = torch.linspace(-1, 1, weight.numel()).unsqueeze(0) + 0.1
        bias: Any = getattr(norm, "bias", None)
        plain = norm(x) - (0 if bias is None else bias)
        kept = weight.clone()
        weight.mul_(2)
        doubled = norm(x) - (0 if bias is None else bias)
        weight.copy_(kept)
    if not torch.allclose(doubled, 2 * plain, rtol=1e-4, atol=1e-6):
        raise UnsupportedError(f"{name} ({type(norm).__name__}) does more than multiply by its weight")


def _part(module: nn.Module, name: str) -> nn.Module | None:
    try:
        return module.get_submodule(name)
    except AttributeError:
        return None
