"""Sparsity and quantization together: which comes first."""

from interlock.exhibits.base import Reproduction, below, claim, reproduction
from interlock.exhibits.compressed import fresh, judged, outcome

CLAIM = claim("sparsify, then quantize; the two are not orthogonal", "the survey, section IV-C.2, [208]")
MISSING = "that the combined error exceeds the sum of the separate ones, which the paper shows on larger models"


def run() -> Reproduction:
    """Magnitude pruning and grouped integers in both orders, over a grid of patterns and widths."""
    import torch

    from interlock.numerics.codecs import codec
    from interlock.surgery.decoder import linears
    from interlock.surgery.sparse_masks import chosen_mask, read_pattern

    def divergence(pattern: str, form: str, *, sparse_first: bool) -> float:
        model, read, rounded = fresh(), read_pattern(pattern), codec(form)
        with torch.no_grad():
            for layer in linears(model).values():
                weight: torch.Tensor = layer.weight  # type: ignore[assignment]
                if sparse_first:
                    weight.mul_(chosen_mask(weight.abs(), read, by_row=False))
                weight.copy_(torch.from_numpy(rounded.quantize(weight.numpy())))
                if not sparse_first:  # ties among rounded magnitudes are broken by place
                    weight.mul_(chosen_mask(weight.abs(), read, by_row=False))
        return judged(model)[0]

    figures = []
    for pattern in ("50%", "2:4"):
        for form in ("int4-g64", "int3-g64"):
            first, second = (divergence(pattern, form, sparse_first=first) for first in (True, False))
            figures.append(below(f"{pattern}, {form}: sparse first over quantized first", 1.0, first / second))
    packed = outcome("magnitude:pattern=2:4,format=int4-g64").linear_bytes
    weights = sum(each.rows * each.columns for each in outcome("magnitude:pattern=2:4").applied.layers)
    return reproduction(*figures, below("stored bits a weight, 2:4 of int4", 3.2, 8 * packed / weights, "bit"))
