"""Finding the parts of a decoder: its blocks, the linear layers inside them, and putting others in their place.

idea:  the blocks are the longest `ModuleList` whose members hold linear layers. What lies outside them, embeddings and
       the output head, is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from interlock.errors import UnsupportedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One decoder block, by its place and its dotted name in the model."""

    index: int
    name: str
    module: nn.Module


def blocks(model: nn.Module) -> list[Block]:
    """The decoder's blocks in order.

    Raises:
        UnsupportedError: no list of blocks with linear layers.
    """
    lists = [(name, item) for name, item in model.named_modules() if isinstance(item, nn.ModuleList)]
    fitting = [(name, item) for name, item in lists if len(item) and all(any(_linears(part)) for part in item)]
    outer = [(name, item) for name, item in fitting if not any(name.startswith(f"{other}.") for other, _ in fitting)]
    if not outer:
        raise UnsupportedError(f"{type(model).__name__} has no list of blocks with linear layers")
    name, longest = max(outer, key=lambda pair: len(pair[1]))
    return [Block(index=index, name=f"{name}.{index}", module=part) for index, part in enumerate(longest)]


def is_linear(module: nn.Module) -> bool:
    """Whether a module is a linear layer, as built or as replaced by a technique."""
    return isinstance(module, nn.Linear) or getattr(module, "stands_for_linear", False)


def _linears(module: nn.Module, prefix: str = "") -> list[tuple[str, nn.Module]]:
    """Linear layers under a module in order; of a layer with steps on its input, the layer inside."""
    if is_linear(module):
        return [(prefix, module)]
    found = []
    for name, child in module.named_children():
        found += _linears(child, f"{prefix}.{name}" if prefix else name)
    return found


def linears_of(block: Block) -> dict[str, nn.Module]:
    """Linear layers of a block, by full name."""
    return dict(_linears(block.module, block.name))


def linears(model: nn.Module) -> dict[str, nn.Module]:
    """Linear layers of all blocks, by full name."""
    return {name: layer for block in blocks(model) for name, layer in linears_of(block).items()}


def replace(model: nn.Module, name: str, module: nn.Module) -> None:
    """Put a module in the place of the one with this dotted name."""
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, module)


def body(model: nn.Module) -> nn.Module:
    """The decoder without its output head, which calibration does not need."""
    inner = getattr(model, getattr(model, "base_model_prefix", ""), None)
    return inner if isinstance(inner, nn.Module) else model
