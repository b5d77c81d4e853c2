"""Deep Compression: pruning, shared values and Huffman codes, one after the other."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.exhibits.compressed import original, outcome, predicted_bytes
from interlock.numerics.clustering import nearest_level

NEEDS = "lab"
CLAIM = claim("35 times smaller on AlexNet and 49 times on VGG-16 without loss of accuracy",
              "Han et al. 2016, Deep Compression, abstract")  # fmt: skip


def run() -> Reproduction:
    """Every layer from its streams, bits against the entropy of the symbols, and the ratio at two shares."""
    import torch

    from interlock.surgery.decoder import linears
    from interlock.surgery.linear import QuantizedLinear, weight_of
    from interlock.surgery.shared_values import SharedValueStore
    from interlock.surgery.sparse_masks import chosen_mask

    found = outcome("deep-compression:share=0.5,bits=4")
    bits = least = 0.0
    distinct, whole = 0, True
    plain = linears(original())
    for name, layer in linears(found.applied.model).items():
        assert isinstance(layer, QuantizedLinear)
        store = layer.store
        assert isinstance(store, SharedValueStore)
        weight, before = store.dequantize(), weight_of(plain[name])
        levels = store.values.double().numpy()
        mask = chosen_mask(before.abs(), 0.5, by_row=False)
        shared = torch.from_numpy(levels[nearest_level(before.numpy(), levels)]).float()
        whole = whole and torch.equal(weight, torch.where(mask, shared, 0.0))
        distinct = max(distinct, len(set(weight[mask].tolist())))
        bits += 8 * (store.gaps.nbytes + store.codes.nbytes)
        least += store.least_bits
    weights = sum(each.rows * each.columns for each in found.applied.layers)
    more = outcome("deep-compression:share=0.7,bits=3")
    return reproduction(
        below("most different values of a layer's kept weights", 16, distinct),
        holds("every layer is decoded to its kept weights' nearest shared values, exactly", whole),
        below("bits of both streams over the symbols' entropy", 1.02, bits / least),
        above("and not below it", 1.0, bits / least),
        exactly("bytes, as predicted", predicted_bytes(found),
                sum(v for k, v in found.applied.stored.items() if k != "channel scales"), "B"),
        above("half kept, 16 values: times smaller than fp32", 8, 32 * weights / (8 * found.linear_bytes),
              note=f"perplexity {found.perplexity:.1f}, no retraining"),
        above("three tenths kept, 8 values: times smaller than fp32", 14, 32 * weights / (8 * more.linear_bytes),
              note=f"perplexity {more.perplexity:.1f}; the paper's ratios come with retraining and 8 to 11 % kept"),
    )  # fmt: skip
