"""Post-training quantization: a trained model rounded, without training, at every width and granularity."""

from itertools import pairwise

from interlock.exhibits.base import Reproduction, above, claim, exactly, holds, reproduction
from interlock.exhibits.lab_model import Judged, compared_on_smollm2, judged_after, lab_model

NEEDS = "lab"
CLAIM = claim("converts a trained model with calibration or no data and no retraining", "the survey, IV-C.1")
MISSING = (
    "perplexity itself falling with every smaller group at 4 and 8 bits, where this model loses less than its "
    "perplexity moves by chance; the divergence from the original falls everywhere"
)
WIDTHS = (2, 3, 4, 8)
GRAIN = {"tensor": "0,per_tensor=yes", "channel": "0", "group of 128": "128", "group of 32": "32"}


def agreement(bits: int) -> float:
    """The share of weights that PyTorch's own fake quantization rounds to the same value, one scale a row."""
    import torch

    from interlock.surgery.decoder import linears
    from interlock.surgery.grid import IntegerGrid
    from interlock.surgery.linear import weight_of

    same = total = 0
    half = 2 ** (bits - 1)
    grid = IntegerGrid(bits=bits)
    for layer in linears(lab_model()).values():
        weight = weight_of(layer)
        scale, _ = grid.fit(weight)
        zeros = torch.zeros(len(weight), dtype=torch.int32)
        known = torch.fake_quantize_per_channel_affine(weight, scale[:, 0], zeros, 0, -half, half - 1)
        same += int((grid.nearest(weight) == known).sum())
        total += weight.numel()
    return same / total


def falls(table: dict[tuple[int, str], Judged], bits: int, what: str) -> bool:
    """Whether a loss falls with every finer grain of a width."""
    return all(getattr(table[bits, a], what) > getattr(table[bits, b], what) for a, b in pairwise(GRAIN))


def run() -> Reproduction:
    """The table, rounded to nearest."""
    table = {(bits, name): judged_after(f"round-to-nearest:bits={bits},group_size={size}")
             for bits in WIDTHS for name, size in GRAIN.items()}  # fmt: skip
    rows = {bits: ", ".join(f"{name} {table[bits, name].perplexity:.4g}" for name in GRAIN) for bits in WIDTHS}
    return reproduction(
        *(holds(f"divergence at {bits} bits falls with finer grain", falls(table, bits, "divergence"),
                note=f"perplexity: {rows[bits]}") for bits in WIDTHS),
        *(holds(f"perplexity at {bits} bits falls with finer grain", falls(table, bits, "perplexity"))
          for bits in (2, 3)),
        *(holds(f"divergence by {name} falls with more bits",
                all(table[a, name].divergence > table[b, name].divergence for a, b in pairwise(WIDTHS)))
          for name in GRAIN),
        above("divergence at 3 bits, by tensor over by channel", 3,
              table[3, "tensor"].divergence / table[3, "channel"].divergence),
        *(exactly(f"share of weights that PyTorch rounds alike, {bits} bits", 1, agreement(bits)) for bits in (4, 8)),
        compared_on_smollm2("gptq-order"),
        compared_on_smollm2("gptq-order-alone"),
    )  # fmt: skip
