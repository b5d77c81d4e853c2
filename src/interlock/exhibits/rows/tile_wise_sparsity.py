"""Tile-wise sparsity: columns of tiles of rows go, and each tile stays a dense product."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.exhibits.compressed import outcome, predicted_bytes

CLAIM = claim("1.95 times the dense model's speed on tensor cores", "Guo et al. 2020, tile-wise sparsity, abstract")
MISSING = "CPU time by sparsity, and pruning in stages by gradients"


def run() -> Reproduction:
    """The tiled product against the masked dense one; quality by the height of tiles."""
    import torch
    from torch.nn import functional

    heights = (4, 16, 64)
    found = {tile: outcome(f"tile-wise:tile={tile}") for tile in heights}
    layer = found[16].applied.model.get_submodule("model.layers.2.mlp.up_proj")
    x = torch.randn(32, 256, generator=torch.Generator().manual_seed(0))
    gap = float((layer(x) - functional.linear(x, layer.weight)).abs().max())  # type: ignore[arg-type]
    free, parts = outcome("sparsegpt:pattern=50%"), outcome("llm-pruner:heads=0.5,channels=0.5")
    return reproduction(
        below("largest difference of the tiled product from the masked dense one", 1e-4, gap),
        *(exactly(f"tiles of {tile} rows: bytes, as predicted", predicted_bytes(each),
                  sum(each.applied.stored.values()), "B") for tile, each in found.items()),
        above("taller tiles move the model further: 16 over 4 rows", 1.0, found[16].divergence / found[4].divergence),
        above("64 over 16 rows", 1.0, found[64].divergence / found[16].divergence),
        holds("tiles of 16 rows lie between unstructured and structured pruning",
              free.divergence < found[16].divergence < parts.divergence,
              f"{free.divergence:.3f}, {found[16].divergence:.3f}, {parts.divergence:.3f}"),
    )  # fmt: skip
