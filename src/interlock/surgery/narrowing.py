"""Removing coupled structures, so that what is left is a smaller model with dense layers.

source:  Ma et al. 2023, LLM-Pruner, sections 3.1 (groups by dependency) and 3.2 (first-order Taylor importance summed
         over a group); recovery is `interlock.surgery.adapters`.
symbols: a channel of the network: a row of gate and up, a column of down. A head: the rows of one KV head in k and v,
         of the queries that read it in q, and their columns in o. I = sum over the group of |w dL/dw|.
keeps:   the narrowed model computes what the original computes with the removed groups set to zero. Every layer loses
         as many, and query heads go on dividing the width, so that `transformers` loads the result.
departs: all layers are narrowed, the paper leaves the first and last ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from interlock.effects import kept_of
from interlock.errors import InputError, UnsupportedError
from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import Block, blocks, linears_of, replace
from interlock.surgery.linear import checked, weight_of
from interlock.surgery.training import next_token_loss

NETWORKS: Final = (
    (("mlp.gate_proj", "mlp.up_proj"), "mlp.down_proj", "intermediate_size"),
    (("mlp.dense_h_to_4h",), "mlp.dense_4h_to_h", "intermediate_size"),  # GPT-NeoX
    (("fc1",), "fc2", "ffn_dim"),  # OPT
)
READERS: Final = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
WRITER: Final = "self_attn.o_proj"
Importance = Callable[[nn.Linear], Tensor]  # of each weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """Coupled layers of one block: unit u is `rows[name]` rows of each reader and as many columns of the writer."""

    kind: str
    readers: dict[str, nn.Linear]
    writer_name: str
    writer: nn.Linear
    units: int

    def scores(self, importance: Importance) -> Tensor:
        """Summed importance of each unit."""
        found = importance(self.writer).reshape(len(self.writer.weight), self.units, -1).sum((0, 2))
        for layer in self.readers.values():
            found = found + importance(layer).reshape(self.units, -1).sum(1)
        return found

    def keep(self, model: nn.Module, units: Tensor) -> None:
        """Put smaller layers in the place of these."""
        for name, layer in self.readers.items():
            replace(model, name, _cut(layer, _spread(units, layer.out_features // self.units), None))
        columns = _spread(units, self.writer.in_features // self.units)
        replace(model, self.writer_name, _cut(self.writer, None, columns))

    @torch.no_grad()
    def silence(self, units: Tensor) -> None:
        """Set units to zero in place, which computes the same as without them."""
        self.writer.weight[:, _spread(units, self.writer.in_features // self.units)] = 0


def structures(model: nn.Module, block: Block) -> list[Structure]:
    """The coupled structures of a block: heads where they are known, and channels.

    Raises:
        UnsupportedError: neither network is known, or layers were changed before.
    """
    layers = {name.removeprefix(f"{block.name}."): layer for name, layer in linears_of(block).items()}
    if not all(isinstance(layer, nn.Linear) for layer in layers.values()):
        raise UnsupportedError(f"{block.name} has layers that were changed before; narrow the original model")
    config: Any = model.config
    found = []
    plain = not any("norm" in name for name, _ in block.module.named_modules() if name.startswith("self_attn."))
    if plain and all(name in layers for name in (*READERS, WRITER)) and not hasattr(config, "ffn_dim"):
        heads = int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)
        found.append(_structure("heads", block, layers, READERS, WRITER, heads))
    for readers, writer, _ in NETWORKS:
        if all(name in layers for name in (*readers, writer)):
            units = len(weight_of(layers[readers[0]]))
            found.append(_structure("channels", block, layers, readers, writer, units))
    if not found or found[-1].kind != "channels":
        raise UnsupportedError(f"{block.name} has no network whose channels are known")
    return found


def _structure(
    kind: str, block: Block, layers: dict[str, Any], readers: tuple[str, ...], writer: str, units: int
) -> Structure:
    named = {f"{block.name}.{name}": layers[name] for name in readers}
    writer_name = f"{block.name}.{writer}"
    return Structure(kind=kind, readers=named, writer_name=writer_name, writer=layers[writer], units=units)


def taylor(model: nn.Module, calibration: Calibration, batch: int = 8) -> Importance:
    """|w dL/dw| of every weight of the blocks, with the gradient of the mean loss on the calibration tokens."""
    calibration.fits(model)
    model.eval()
    for block in blocks(model):
        structures(model, block)  # refuses layers that were changed before, which have no gradient
    weights = {id(layer): layer.weight for block in blocks(model) for layer in linears_of(block).values()}
    sums = {key: torch.zeros_like(weight) for key, weight in weights.items()}  # type: ignore[arg-type]
    parts = torch.split(calibration.tokens, batch)
    for part in parts:
        grown = torch.autograd.grad(next_token_loss(model, part), [*weights.values()])  # type: ignore[arg-type]
        for key, gradient in zip(sums, grown, strict=True):
            sums[key] += gradient * (len(part) / len(calibration.tokens))
    return lambda layer: (sums[id(layer)] * layer.weight.detach()).abs()


def magnitude(layer: nn.Linear) -> Tensor:
    """Squared weights: groups by their L2 norm."""
    return layer.weight.detach().square()


def at_random(seed: int) -> Importance:
    """No importance at all."""
    generator = torch.Generator().manual_seed(seed)
    return lambda layer: torch.rand(layer.weight.shape, generator=generator)


def chosen_units(structure: Structure, importance: Importance, share: float) -> Tensor:
    """The units to keep, in their order."""
    return structure.scores(importance).topk(kept_of(structure.units, share)).indices.sort().values


def narrow(model: nn.Module, importance: Importance, heads: float, channels: float) -> tuple[str, ...]:
    """Keep a share of the heads and channels of every block; returns the kinds of structures that there were."""
    kinds: tuple[str, ...] = ()
    config: Any = model.config
    for block in blocks(model):
        checked(linears_of(block))
    every = [structures(model, block) for block in blocks(model)]
    _check_heads(config, every[0], heads)
    chosen = [
        [chosen_units(part, importance, heads if part.kind == "heads" else channels) for part in parts]
        for parts in every
    ]
    for parts, units in zip(every, chosen, strict=True):
        for part, kept in zip(parts, units, strict=True):
            part.keep(model, kept)
        kinds = tuple(part.kind for part in parts)
    for part, kept in zip(every[0], chosen[0], strict=True):
        if part.kind == "heads":
            each = config.num_attention_heads // part.units
            config.head_dim = part.writer.in_features // config.num_attention_heads
            config.num_attention_heads, config.num_key_value_heads = each * len(kept), len(kept)
        else:
            setattr(config, "ffn_dim" if hasattr(config, "ffn_dim") else "intermediate_size", len(kept))
    return kinds


def _check_heads(config: Any, parts: list[Structure], share: float) -> None:
    """Refuse numbers of heads that `transformers` does not load: they must divide the width."""
    for part in (part for part in parts if part.kind == "heads"):
        each, width = config.num_attention_heads // part.units, config.hidden_size
        fitting = [kept for kept in range(1, part.units + 1) if width % (each * kept) == 0]
        if kept_of(part.units, share) not in fitting:
            found = f"{share:g}, which keeps {kept_of(part.units, share)} of {part.units} KV heads"
            raise InputError("heads", found, f"a share that keeps {', '.join(map(str, fitting))} of them")


def _spread(units: Tensor, each: int) -> Tensor:
    """Places of whole units of `each` neighbours."""
    return (units.unsqueeze(1) * each + torch.arange(each)).view(-1)


@torch.no_grad()
def _cut(layer: nn.Linear, rows: Tensor | None, columns: Tensor | None) -> nn.Linear:
    weight = layer.weight if rows is None else layer.weight[rows]
    weight = weight if columns is None else weight[:, columns]
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=layer.bias is not None)
    made.weight.copy_(weight)
    if layer.bias is not None:
        made.bias.copy_(layer.bias if rows is None else layer.bias[rows])
    return made.eval()
