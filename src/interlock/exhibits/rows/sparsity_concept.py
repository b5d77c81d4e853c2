"""Sparsity: zeros are neither stored nor multiplied, which pays from some share of zeros on."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.processor_time import crossing, rows_over_dense, seconds

NEEDS = "lab"
CLAIM = claim("zeros are skipped in compute and storage", "the survey, section IV-C.2")
SIDE = 1024
DENSITIES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5]


def run() -> Reproduction:
    """Bytes and processor time of dense, compressed rows, 2:4 and tiles of columns, by density."""
    import numpy as np
    import torch

    from interlock.numerics.codecs import codec
    from interlock.numerics.sparse_layouts import CompressedRows
    from interlock.surgery.tiles import TileStore, tile_mask

    generator = torch.Generator().manual_seed(0)
    weight, x = torch.randn(SIDE, SIDE, generator=generator), torch.randn(SIDE, generator=generator)
    ratios = rows_over_dense(DENSITIES, SIDE)
    stays = torch.rand(SIDE, SIDE, generator=generator)
    bytes_over = [CompressedRows.of((weight * (stays < d)).numpy()).nbytes / (2 * SIDE**2) for d in DENSITIES]
    mask = tile_mask(weight.abs(), 0.8, 128)
    store = TileStore(weight, mask)
    parts = store.parts()
    tiled, plain = seconds(lambda: [part @ x[at] for at, part in parts], lambda: torch.mv(weight, x))
    two_of_four = codec("bf16+2:4").encode(np.asarray(weight))
    even = crossing(DENSITIES, ratios)
    return reproduction(
        exactly("2:4: bytes over dense bf16", 9 / 16, two_of_four.counted_bytes / (2 * SIDE**2)),
        below("compressed rows at a density of 0.3: bytes over dense bf16", 0.61, bytes_over[4]),
        above("and at 0.5, where places take as much as values", 1.0, bytes_over[5]),
        below("compressed rows at 0.02: time over dense", 1.0, ratios[0]),
        above("and at 0.5", 1.0, ratios[-1]),
        below("density at which both take as long, at most", 0.45, even,
              note="measured here; " + ", ".join(f"{d}: {r:.2f}" for d, r in zip(DENSITIES, ratios, strict=True))),
        below("columns of tiles of 128 rows, a fifth kept: time over dense", 1.0, tiled / plain),
        below("and bytes", 0.21, store.stored_bytes()["linear"] / (2 * SIDE**2)),
    )  # fmt: skip
