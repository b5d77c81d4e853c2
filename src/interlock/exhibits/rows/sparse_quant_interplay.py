"""Sparsity and quantization together: which comes first, and what both lose beyond the sum of each."""

from typing import Any

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.compressed import fresh, judged, outcome

NEEDS = "lab"
CLAIM = claim("sparsify, then quantize; the two are not orthogonal",
              "Harma et al. 2024, Effective interplay between sparsity and quantization")  # fmt: skip


def changed(pattern: str, form: str, *, sparse_first: bool = True, inputs: int = 0) -> tuple[float, float]:
    """Divergence and perplexity after magnitude pruning and rounding; `inputs` rounds what layers read, too."""
    import torch

    from interlock.numerics.codecs import codec
    from interlock.surgery.decoder import linears, replace
    from interlock.surgery.inputs import TokenQuantizer
    from interlock.surgery.linear import StagedLinear
    from interlock.surgery.sparse_masks import chosen_mask, read_pattern

    model = fresh()

    def prune(weight: torch.Tensor) -> None:
        if pattern:  # ties among rounded magnitudes are broken by place
            weight.mul_(chosen_mask(weight.abs(), read_pattern(pattern), by_row=False))

    with torch.no_grad():
        for name, layer in linears(model).items():
            weight: Any = layer.weight
            if sparse_first:
                prune(weight)
            if form:
                weight.copy_(torch.from_numpy(codec(form).quantize(weight.numpy())))
            if not sparse_first:
                prune(weight)
            if inputs:
                replace(model, name, StagedLinear([TokenQuantizer(inputs)], layer))
    return judged(model)


def beyond_the_sum(trials: int = 2000) -> tuple[float, int]:
    """Blocks of 16 numbers, int4, 2:4: most of an error over the separate ones' sum, and how often order costs more."""
    import numpy as np

    from interlock.numerics.codecs import codec

    rng, most, worse = np.random.default_rng(0), 0.0, 0
    x = rng.standard_normal((trials, 16))
    rounded, pruned = codec("int4-g16"), codec("fp64+2:4")
    q, s = rounded.quantize(x), pruned.quantize(x)
    together, other = rounded.quantize(s), pruned.quantize(q)

    def lost(y: Any) -> Any:
        return np.abs(y - x).sum(1)

    most = float((lost(together) / (lost(q) + lost(s))).max())
    worse = int((lost(other) > lost(together) + 1e-9).sum())
    return most, worse


def run() -> Reproduction:
    """Both orders over a grid of patterns and widths; both together against the sum of each."""
    figures = []
    alone = {form: changed("", form)[0] for form in ("int4-g64",)}
    base, both_rounded = judged(fresh())[1], changed("", "int4", inputs=4)
    for pattern in ("50%", "2:4"):
        for form in ("int4-g64", "int3-g64"):
            first, second = (changed(pattern, form, sparse_first=first) for first in (True, False))
            figures += [
                below(f"{pattern}, {form}: divergence, sparse first over quantized first", 1.0, first[0] / second[0]),
                below(f"{pattern}, {form}: perplexity, the same", 1.005, first[1] / second[1],
                      note="up to half a per cent is less than chance moves it"),
            ]  # fmt: skip
        pruned, together = changed(pattern, ""), changed(pattern, "int4", inputs=4)
        figures += [
            above(f"{pattern}, weights and inputs of 4 bits: divergence of both over the sum of each", 1.0,
                  together[0] / (pruned[0] + both_rounded[0])),
            above(f"{pattern}, the same: perplexity gained", 1.0,
                  (together[1] - base) / (pruned[1] + both_rounded[1] - 2 * base)),
            below(f"{pattern}, weights alone, int4-g64: divergence of both over the sum of each", 1.0,
                  changed(pattern, "int4-g64")[0] / (pruned[0] + alone["int4-g64"]),
                  note="single tensors add no error of their own when sparsity comes first; products do"),
        ]  # fmt: skip
    most, worse = beyond_the_sum()
    packed = outcome("magnitude:pattern=2:4,format=int4-g64").linear_bytes
    weights = sum(each.rows * each.columns for each in outcome("magnitude:pattern=2:4").applied.layers)
    return reproduction(
        *figures,
        below("blocks of 16, sparse first: largest error over the sum of each", 1.0, most),
        above("blocks of 2,000 that lose more when quantized first", 1, worse),
        exactly("stored bits a weight, 2:4 of int4 in groups of 64", 0.5 * (4 + 16 / 64 + 2), 8 * packed / weights,
                "bit"),
    )  # fmt: skip
