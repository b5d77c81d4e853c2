"""Tiling: transfer behind computation is never slower, and tends to the slower of the two."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction, within
from interlock.exhibits.overlap import pipelined, serial

CLAIM = claim("tiles let transfer and computation overlap", "the accelerator review, 2.2")


def run() -> Reproduction:
    """A thousand random timelines, the closed form for equal tiles, and the limit of many tiles."""
    rng = np.random.default_rng(0)
    cases = [(rng.exponential(1, n), rng.exponential(1, n)) for n in rng.integers(1, 40, 1000)]
    never = all(pipelined(t.tolist(), c.tolist()) <= serial(t.tolist(), c.tolist()) + 1e-12 for t, c in cases)
    least = all(pipelined(t.tolist(), c.tolist()) >= max(t.sum(), c.sum()) - 1e-12 for t, c in cases)
    n, fetch, work = 1000, 3e-6, 2e-6
    return reproduction(
        holds("never slower than one after the other", never),
        holds("never faster than the slower resource", least),
        within("16 equal tiles: t + 15 max(t, c) + c", 3 + 15 * 3 + 2, pipelined([3.0] * 16, [2.0] * 16), 1e-12),
        exactly("16 tiles, one after the other", 16 * 5, serial([3.0] * 16, [2.0] * 16)),
        within("1000 tiles: the transfer alone", n * max(fetch, work), pipelined([fetch] * n, [work] * n), 0.002, "s"),
    )
