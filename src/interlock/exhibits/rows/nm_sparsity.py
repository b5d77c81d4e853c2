"""N:M sparsity: at most N weights of every M neighbours, stored with their places."""

from typing import Any

from interlock.exhibits.base import Reproduction, above, claim, exactly, holds, reproduction
from interlock.exhibits.compressed import outcome, predicted_bytes

CLAIM = claim("2:4 halves the stored values and adds 2 bits a kept one", "Mishra et al. 2021, sections 2 and 3")


def through_pytorch() -> tuple[bool, bool, float]:
    """A pruned layer through PyTorch's semi-structured format: the round trip, the same kept values, bytes over bf16.

    Its conversions run anywhere; only its products need a GPU.
    """
    import torch.sparse._semi_structured_conversions

    from interlock.surgery.codec_store import CodecStore
    from interlock.surgery.linear import weight_of

    layer = outcome("sparsegpt:pattern=2:4").applied.model.get_submodule("model.layers.1.mlp.up_proj")
    theirs: Any = torch.sparse._semi_structured_conversions
    weight, store = weight_of(layer).bfloat16(), layer.store
    assert isinstance(store, CodecStore)
    values, places = theirs.sparse_semi_structured_from_dense_cutlass(weight)
    back = theirs.sparse_semi_structured_to_dense_cutlass(values, places)
    mine = store.get_buffer("part0").view(torch.uint8)
    same = torch.equal(mine, values.contiguous().view(torch.uint8).view(-1))
    return torch.equal(back, weight), same, (values.nbytes + places.nbytes) / weight.nbytes


def run() -> Reproduction:
    """Three patterns on the shipped model: the constraint in every group, bytes, and what more freedom gains."""
    from interlock.surgery.decoder import linears
    from interlock.surgery.linear import weight_of

    patterns = ("1:4", "2:4", "4:8")
    found = {pattern: outcome(f"sparsegpt:pattern={pattern}") for pattern in patterns}
    most = {
        pattern: max(
            int((weight_of(layer).reshape(-1, int(pattern[2:])) != 0).sum(1).max())
            for layer in linears(each.applied.model).values()
        )
        for pattern, each in found.items()
    }
    returns, same, theirs = through_pytorch()
    weights = sum(record.rows * record.columns for record in found["2:4"].applied.layers)
    return reproduction(
        *(exactly(f"{p}: most weights in a group", int(p[0]), most[p]) for p in patterns),
        exactly("2:4: bytes over those of bf16", 9 / 16, found["2:4"].linear_bytes / (2 * weights)),
        holds("the round trip through PyTorch's semi-structured format is exact", returns),
        holds("its kept values are the stored ones, byte for byte", same),
        exactly("and its bytes over those of bf16", 9 / 16, theirs),
        *(exactly(f"{p}: bytes, as predicted", predicted_bytes(each), sum(each.applied.stored.values()), "B")
          for p, each in found.items()),
        above("2:4 moves the model further than 4:8, which is freer", found["4:8"].divergence,
              found["2:4"].divergence, "nat"),
        holds("1:4 moves it further still", found["1:4"].divergence > found["2:4"].divergence),
    )  # fmt: skip
