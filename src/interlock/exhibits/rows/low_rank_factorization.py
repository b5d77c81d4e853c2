"""Low rank: two thin matrices for one, chosen for the weights or for what they multiply."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.compressed import original, outcome, predicted_bytes

CLAIM = claim("factors aware of activations lose less at the same rank", "Wang et al. 2024, SVD-LLM")


def run() -> Reproduction:
    """The error of a cut against NumPy's singular values, and the model at half of its elements."""
    import numpy as np

    from interlock.surgery.factors import factors

    weight = original().get_submodule("model.layers.1.mlp.up_proj").weight.detach()  # type: ignore[operator]
    values = np.linalg.svd(weight.double().numpy(), compute_uv=False)
    left, right = factors(weight, 64)
    error = float((left.double() @ right.double() - weight).square().sum())
    plain, aware = outcome("svd"), outcome("svd-llm")
    layers = aware.applied.layers
    return reproduction(
        within("squared error at rank 64: the singular values cut off", float((values[64:] ** 2).sum()), error, 1e-5),
        exactly("layers where whitening has the lower objective", len(layers),
                sum((each.objective or 0) < (each.nearest or 0) for each in layers)),
        below("whitened: perplexity over SVD's", 0.99, aware.perplexity / plain.perplexity),
        below("whitened: divergence over SVD's", 0.95, aware.divergence / plain.divergence),
        holds("a diagonal scaling lies between", aware.divergence
              < outcome("svd-llm:scaling=diagonal").divergence < plain.divergence),
        exactly("bytes, as predicted", predicted_bytes(aware), sum(aware.applied.stored.values()), "B"),
    )  # fmt: skip
