"""Flash-LLM: unstructured sparse weights cross the memory bus in tiles and are multiplied dense."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.compressed import outcome, predicted_bytes

NEEDS = "lab"
CLAIM = claim("up to 3.8 times the tokens of a GPU second of DeepSpeed on OPT", "Xia et al. 2023, Flash-LLM, abstract")
SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SIDE = 512


def run() -> Reproduction:
    """The round trip, bytes by share of zeros, the product from tiles, its time, and the shipped model at 70 %."""
    import numpy as np

    from interlock.exhibits.processor_time import seconds
    from interlock.numerics.sparse_layouts import Tiles
    from interlock.surgery.linear import weight_of

    found = outcome("flash-llm:share=0.7,tile=64")
    weights = [weight_of(found.applied.model.get_submodule(each.name)).numpy() for each in found.applied.layers]
    whole = all(np.array_equal(Tiles.of(weight, 64).dense(), weight) for weight in weights)
    rng = np.random.default_rng(0)
    dense = (rng.integers(1, 128, (SIDE, SIDE)) / 16).astype(np.float32)
    x = rng.standard_normal(SIDE).astype(np.float32)
    bytes_over, stored = [], []
    for share in SHARES:
        stored.append(Tiles.of(np.where(rng.random(dense.shape) < share, 0, dense).astype(np.float32)))
        bytes_over.append(stored[-1].nbytes / (2 * dense.size))
    place = next(i for i, ratio in enumerate(bytes_over) if ratio < 1)
    low, high = bytes_over[place - 1], bytes_over[place]
    even = SHARES[place - 1] + (SHARES[place] - SHARES[place - 1]) * (low - 1) / (low - high)
    tiles = stored[-1]
    matrix = tiles.dense()
    times = seconds(lambda: matrix @ x, lambda: tiles.times(x), turns=8)
    return reproduction(
        holds("every layer of the pruned model comes back from its tiles", whole),
        exactly("bytes, as predicted", predicted_bytes(found), sum(found.applied.stored.values()), "B"),
        below("share of zeros from which tiles are smaller than dense bf16", 0.6, even),
        above("and not below", 0.5, even),
        within("bytes over dense at 80 % zeros", 0.4, bytes_over[4], 0.03),
        below("product from tiles against the dense one, largest difference", 1e-2,
              float(np.abs(tiles.times(x) - matrix @ x).max())),
        above("NumPy here, 90 % zeros: time of a product from tiles over dense", 1.0, times[1] / times[0],
              note="expanding costs; it pays where reading costs more, as on the paper's GPUs"),
    )  # fmt: skip
