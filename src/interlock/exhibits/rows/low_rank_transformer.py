"""Low-rank attention and feed-forward layers: quality by rank, and the error that Eckart and Young give."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction, within
from interlock.exhibits.compressed import fresh, original, outcome, own_text

CLAIM = claim("over half of the parameters less, 1.35 times as fast", "Winata et al. 2020, Low-Rank Transformer")
MISSING = "training with factors from the start, and its speed"


def run() -> Reproduction:
    """Full rank gives the model back; the error equals the tail of the singular values; less rank moves it further."""
    import torch

    from interlock.surgery.decoder import linears
    from interlock.surgery.factors import factors

    whole, worst = fresh(), 0.0
    with torch.no_grad():
        for layer in linears(whole).values():
            weight: torch.Tensor = layer.weight  # type: ignore[assignment]
            left, right = factors(weight, 24)
            tail = float(torch.linalg.svdvals(weight.double())[24:].square().sum())
            error = float((left.double() @ right.double() - weight).square().sum())
            worst = max(worst, abs(error / tail - 1))
            full = factors(weight, min(weight.shape))
            weight.copy_(full[0] @ full[1])
        gap = float((whole(own_text(1)[:8]).logits - original()(own_text(1)[:8]).logits).abs().max())
    moved = [outcome(f"svd:share={share}").divergence for share in (0.8, 0.5, 0.3)]
    half = outcome("svd").applied
    held = half.stored["linear"] / (2 * sum(each.rows * each.columns for each in half.layers))
    return reproduction(
        below("full rank: largest difference of a logit", 1e-2, gap),
        below("rank 24, all layers: largest gap from the tail of the singular values", 1e-4, worst),
        above("divergence at half of the elements over 0.8 of them", 1.0, moved[1] / moved[0]),
        above("divergence at 0.3 over half", 1.0, moved[2] / moved[1]),
        within("parameters left in linear layers", 0.5, held, 0.01),
        exactly("layers factored", 28, len(half.layers)),
    )
