"""A quantized KV cache: keys have channels that stand out, so a scale should belong to a channel and not to a token."""

from typing import Any

from interlock.exhibits.base import Figure, Reproduction, below, claim, exactly, reproduction
from interlock.exhibits.lab_model import JUDGED, compared_on_smollm2, judged, judged_after, lab_calibration, lab_model
from interlock.exhibits.language_model import held_out

NEEDS = "lab"
CLAIM = claim("below 0.1 of perplexity lost at 3 bits", "Hooper et al. 2024, KVQuant, abstract")
PARTS = {
    "of uniform levels": "levels=uniform",
    "of k-means without sensitivity": "levels=plain",
    "without outliers": "outliers=0",
    "of keys after positions": "keys=after",
    "without the first token in full": "sink=0",
}
GROUP = 32  # tokens of a channel, or channels of a token, that share an fp16 scale and an fp16 minimum


def before_positions(bits: int, along: Any) -> float:
    """Divergence with keys alone rounded, as they are before rotary positions mix their channels."""
    from interlock.surgery.kv_groups import KVFormat

    model, how = lab_model(), KVFormat(bits=bits, group_size=GROUP, along=along, real_minimum=True)

    def rounded(layer: Any, _: Any, keys: Any) -> Any:
        heads = keys.view(*keys.shape[:2], -1, model.config.head_dim).transpose(1, 2)
        return how.stored(heads).read().transpose(1, 2).reshape(keys.shape)

    for block in model.model.layers:
        block.self_attn.k_proj.register_forward_hook(rounded)
    return judged(model).divergence


def stored_bits(spec: str) -> float:
    """Real bytes of the packed cache of a prompt, as bits an element."""
    import torch

    from interlock.surgery.kv_cache import QuantizedLayer
    from interlock.techniques import technique

    model = technique(spec).apply(lab_model(), lab_calibration()).model
    tokens = torch.from_numpy(held_out(JUDGED))[:, : 4 * GROUP]
    with torch.no_grad():
        cache = model(tokens, use_cache=True).past_key_values
    layers: list[Any] = [layer for layer in cache.layers if isinstance(layer, QuantizedLayer)]
    elements: int = sum(layer.keys.numel() + layer.values.numel() for layer in layers)
    stored: int = sum(sum(layer.stored_bytes().values()) for layer in layers)
    return 8 * stored / elements


def run() -> Reproduction:
    """Keys by channel against keys by token, before and after positions; KVQuant and each of its parts; bytes."""
    figures: list[Figure] = []
    for bits in (4, 3):
        spec = f"kivi:bits={bits},group_size={GROUP},residual=0"
        early = before_positions(bits, "channel") / before_positions(bits, "token")
        late, by_token = (judged_after(f"{spec},keys={keys}")
                          for keys in ("channel", "token"))  # fmt: skip
        figures += [
            below(f"divergence at {bits} bits, keys by channel over by token, before positions", 0.5, early),
            below("the same after positions, values by token, whole cache", 0.8, late.divergence / by_token.divergence),
            exactly(f"bits an element, codes of {bits} and 32 more for each {GROUP}", bits + 32 / GROUP,
                    stored_bits(spec)),
            exactly("bytes over FP16's", (bits + 32 / GROUP) / 16, stored_bits(spec) / 16),
        ]  # fmt: skip
    for bits in (3, 2):
        whole = judged_after(f"kvquant:bits={bits}").divergence
        figures += [
            below(f"KVQuant at {bits} bits: divergence over that {without}", 1.0,
                  whole / judged_after(f"kvquant:bits={bits},{change}").divergence)
            for without, change in PARTS.items()
        ]  # fmt: skip
    kept, width = 1, 64  # outliers of a token's keys and of its values, of so many elements each
    learned, grouped = (judged_after(f"{spec}:bits=3,{more}").divergence
                        for spec, more in (("kvquant", "sink=0"), ("kivi", "residual=0")))  # fmt: skip
    return reproduction(
        *figures,
        exactly("KVQuant's bits an element: codes of 3, an outlier a token, ranges of values",
                3 + (32 * kept + 16) / width, stored_bits("kvquant:bits=3,sink=0")),
        below("KVQuant at 3 bits: divergence over that of groups with minima, at a quarter of a bit more", 0.8,
              learned / grouped),
        compared_on_smollm2("kivi"),
    )  # fmt: skip
