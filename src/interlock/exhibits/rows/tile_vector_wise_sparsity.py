"""Tile-vector-wise sparsity: columns of tiles go, and 2:4 inside what stays."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.compressed import outcome, predicted_bytes

NEEDS = "lab"
CLAIM = claim("1.85 times the dense model's speed on average", "Guo et al. 2024, Accelerating sparse DNNs")
SHARE = 0.75


def run() -> Reproduction:
    """Both constraints in every tile, the tiled product, and quality at three quarters removed."""
    import torch
    from torch.nn import functional

    from interlock.surgery.linear import weight_of
    from interlock.surgery.tiles import TiledLinear, TiledStore

    mixed = outcome(f"tile-vector-wise:share={SHARE},tile=16")
    tiles = outcome(f"tile-wise:share={SHARE},tile=16,refit=false")
    free = outcome(f"wanda:pattern={100 * SHARE:g}%")
    most, ragged, kept, every = 0, 0, 0, 0
    for record in mixed.applied.layers:
        layer = mixed.applied.model.get_submodule(record.name)
        assert isinstance(layer, TiledLinear)
        assert isinstance(layer.store, TiledStore)
        for at, part in layer.store.parts():
            ragged += len(at) % 4
            kept += int((part != 0).sum())
            most = max(most, int((part.reshape(-1, 4) != 0).sum(1).max()) if len(at) else 0)
        every += record.rows * record.columns
    layer = mixed.applied.model.get_submodule("model.layers.2.mlp.up_proj")
    x = torch.randn(32, 256, generator=torch.Generator().manual_seed(0))
    gap = float((layer(x) - functional.linear(x, weight_of(layer))).abs().max())
    return reproduction(
        exactly("most weights of four neighbours among a tile's kept columns", 2, most),
        exactly("columns of tiles beyond whole groups of four", 0, ragged),
        below("share of weights kept, off from a quarter", 0.01, abs(kept / every - (1 - SHARE))),
        below("largest difference of the tiled product from the masked dense one", 1e-4, gap),
        exactly("bytes, as predicted", predicted_bytes(mixed), sum(mixed.applied.stored.values()), "B"),
        holds("divergence lies between unstructured and tile-wise pruning, none with an update",
              free.divergence < mixed.divergence < tiles.divergence,
              f"{free.divergence:.3f}, {mixed.divergence:.3f}, {tiles.divergence:.3f}"),
        holds("so does perplexity", free.perplexity < mixed.perplexity < tiles.perplexity,
              f"{free.perplexity:.1f}, {mixed.perplexity:.1f}, {tiles.perplexity:.1f}"),
    )  # fmt: skip
