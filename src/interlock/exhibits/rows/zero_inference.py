"""ZeRO-Inference: weights stay behind the device and stream through it, layer by layer, with prefetch."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.offloaded import OUTPUT, PROMPT, kept, machine, opt, published
from interlock.exhibits.tiny_decoder import TinyDecoder
from interlock.offloading.weight_streaming import Tier, accelerate, zero_inference

CLAIM = claim(
    "weights on CPU or NVMe, streamed with prefetch, so that device memory serves large batches",
    "Aminabadi et al. 2022, DeepSpeed Inference; the survey, IV-A.1",
)
NOTE = "published to two digits; copies from unpinned memory are slower than the link"


class _Streamed(Sequence[dict[str, np.ndarray]]):
    """Layers on disk: each is read when it is asked for, and forgotten after; `read` counts their bytes."""

    def __init__(self, layers: Sequence[dict[str, np.ndarray]], folder: Path) -> None:
        self.folder, self.size, self.read, self.most = folder, len(layers), 0, 0
        for place, layer in enumerate(layers):
            arrays: dict[str, Any] = dict(layer)
            np.savez(folder / f"{place}.npz", **arrays)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: Any) -> Any:
        with np.load(self.folder / f"{place}.npz") as file:
            layer = {name: file[name] for name in file}
        held = sum(array.nbytes for array in layer.values())
        self.read, self.most = self.read + held, max(self.most, held)
        return layer

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return (self[place] for place in range(self.size))


def run() -> Reproduction:
    """Throughput over the batch, measured rates on a T4, and a small model that is streamed from files for real."""
    place, sizes = machine(), [2**power for power in range(15)]
    found = [zero_inference(opt("6.7b"), place, kept(16), batch=size, prompt=8.0, output=8.0) for size in sizes]
    slowest = [max(each.decode_s["to device"], each.decode_s["compute"]) for each in found]
    decoding = [size / max(each.decode_s.values()) for size, each in zip(sizes, found, strict=True)]
    bound = [each.bound("decode") for each in found]
    turn = bound.index("compute")
    tiers: dict[str, Tier] = {"6.7b": "host", "30b": "host", "175b": "storage"}
    batches = {size: int(published(f"zero-inference-opt-{size}-batch")) for size in tiers}
    rates = {
        size: zero_inference(
            opt(size), place, kept(16), batch=batches[size], weights=tier, prompt=PROMPT, output=OUTPUT
        ).tokens_per_s
        for size, tier in tiers.items()
    }
    layer_by_layer = accelerate(
        opt("30b"), place, kept(16), batch=int(published("accelerate-opt-30b-batch")), prompt=PROMPT, output=OUTPUT
    )
    resident = TinyDecoder.random(layers=4, heads=4, kv_heads=2, head_dim=16, vocabulary=64, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        layers = _Streamed(resident.layers, Path(folder))
        streamed = replace(resident, layers=layers)  # type: ignore[arg-type]
        one, other = (each.generate([3, 1, 2], 8, cached=False) for each in (resident, streamed))
    weights = sum(array.nbytes for layer in resident.layers for array in layer.values())
    return reproduction(
        holds("a step takes the longer of link and arithmetic", all(
            abs(b / rate / longer - 1) < 1e-12 for b, rate, longer in zip(sizes, decoding, slowest, strict=True))),
        within("tokens a second from batch 1 to the last that the link binds, over the batch", 1.0,
               decoding[turn - 1] / decoding[0] / sizes[turn - 1], 1e-9),
        within("tokens a second of the largest batch over half of it, bound by arithmetic", 1.0,
               decoding[-1] / decoding[-2], 0.05),
        above("OPT-6.7B, batch 16, weights on the host: no slower than measured", published("zero-inference-opt-6.7b"),
              rates["6.7b"], "token/s", NOTE),
        below("times too fast", 1.75, rates["6.7b"] / published("zero-inference-opt-6.7b")),
        above("OPT-30B, batch 4, weights on the host: no slower than measured", published("zero-inference-opt-30b"),
              rates["30b"], "token/s", NOTE),
        below("times too fast", 1.75, rates["30b"] / published("zero-inference-opt-30b")),
        within("OPT-175B, batch 1, weights on SSD", published("zero-inference-opt-175b"), rates["175b"], 0.5, "token/s",
               NOTE),
        holds("without prefetch no faster", layer_by_layer.tokens_per_s < 2 * rates["30b"] * 1.05),
        holds("tokens of a small model whose layers are read from files", one[0] == other[0]),
        exactly("largest difference of its logits", 0.0, float(np.abs(one[1] - other[1]).max())),
        exactly("bytes read for eight tokens over the layers' bytes", 8.0, layers.read / weights),
        exactly("bytes of layers held at once over the layers' bytes", 0.25, layers.most / weights),
    )  # fmt: skip
