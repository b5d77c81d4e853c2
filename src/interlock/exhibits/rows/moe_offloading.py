"""MoE offloading: the last used experts stay on the device, and the next layer's gate guesses what to load ahead."""

import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

from interlock.cost import Chips
from interlock.exhibits.base import Figure, Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.offloaded import published
from interlock.exhibits.tiny_moe import EXPERTS, LAYERS, TOP, TinyMoe, tiny_moe
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.models import Formats, decode, model, scheme
from interlock.offloading.experts import random_hit_rate, run_cache, token_seconds
from interlock.parallel import Parallelism

CLAIM = claim("Mixtral at 2 to 3 tokens a second on consumer GPUs", "Eliseev and Mazur 2023, abstract")
NEEDS = "lab"
TOKENS, HELD = 600, 4


class _Files:
    """Experts in files, and the last used ones of each layer in memory."""

    def __init__(self, moe: TinyMoe, folder: Path) -> None:
        self.folder, self.loads = folder, 0
        self.held: list[OrderedDict[int, tuple[np.ndarray, np.ndarray]]] = [OrderedDict() for _ in range(LAYERS)]
        for layer in range(LAYERS):
            for expert in range(EXPERTS):
                up, down = moe.resident(layer, expert)
                np.savez(folder / f"{layer}-{expert}.npz", up=up, down=down)

    def __call__(self, layer: int, expert: int) -> tuple[np.ndarray, np.ndarray]:
        held = self.held[layer]
        if expert not in held:
            self.loads += 1
            with np.load(self.folder / f"{layer}-{expert}.npz") as file:
                held[expert] = file["up"], file["down"]
        held.move_to_end(expert)
        if len(held) > HELD:
            held.popitem(last=False)
        return held[expert]


def run() -> Reproduction:
    """Hit rates and recall of a small trained mixture, its outputs from files, and Mixtral on two consumer GPUs."""
    moe = tiny_moe()
    x = moe.hidden(moe.unseen)[:TOKENS]
    _, choices, streams = moe.forward(x, moe.resident)
    caches = [run_cache(chosen, HELD) for chosen in choices]
    guesses = [moe.chosen(layer + 1, streams[layer])[0] for layer in range(LAYERS - 1)]
    recall = float(np.mean([
        len(set(a) & set(b)) / TOP
        for guess, chosen in zip(guesses, choices[1:], strict=True) for a, b in zip(guess, chosen, strict=True)
    ]))  # fmt: skip
    guessed = run_cache(choices[1], HELD, guesses[0])
    with tempfile.TemporaryDirectory() as folder:
        files = _Files(moe, Path(folder))
        streamed, _, _ = moe.forward(x[:100], files)
    resident, _, _ = moe.forward(x[:100], moe.resident)
    hit = float(np.mean([cache.hit_rate for cache in caches]))
    return reproduction(
        above("LRU hit rate of 4 of 8 experts, over even choices'", 1.05, hit / random_hit_rate(EXPERTS, HELD)),
        above("recall of two experts by the next layer's gate, over chance", 1.5, recall / (TOP / EXPERTS)),
        below("misses with guesses, over without", 0.9, guessed.misses.sum() / caches[1].misses.sum()),
        exactly("largest difference of logits from experts in files", 0.0, float(np.abs(streamed - resident).max())),
        exactly(
            "experts read from files, as counted",
            float(sum(int(cache.misses[:100].sum()) for cache in caches)),
            float(files.loads),
        ),
        *_mixtral(hit, recall),
    )


def _mixtral(hit: float, recall: float) -> list[Figure]:
    """Tokens a second with experts in 3 bits behind PCIe, with the small model's rates of hits and guesses."""
    moe, figures = model("mixtral-8x7b"), []
    kept = Formats.of(scheme("int4-g64", "fp16"))
    expert = 3 * moe.main.width * 14336 * float(kept.weight)
    for name in ("t4", "rtx3090"):
        columns = Chips.calibrated(chip(name))
        compute = float(price_step(moe, decode(1.0, 256.0), kept, Parallelism(), columns).time)
        layers = moe.main.depth
        waited = TOP * (1.0 - hit) * (1.0 - recall)
        seconds = token_seconds(
            layers=layers, compute_s=compute, expert_bytes=expert, missed=waited,
            guessed=TOP * (1.0 - hit) - waited, rate=float(columns.spill_bandwidth), ahead_s=compute / layers,
        )  # fmt: skip
        naive = token_seconds(
            layers=layers, compute_s=compute, expert_bytes=expert, missed=8.0, guessed=0.0,
            rate=float(columns.spill_bandwidth), ahead_s=0.0,
        )  # fmt: skip
        slow = published("mixtral-offload-slow")
        figures += [
            above(f"Mixtral on {name}: no slower than measured at the slow end", slow, 1 / seconds, "token/s",
                  "with the small model's hit rate and recall"),
            above(f"{name}: times loading whole layers", 3.0, naive / seconds),
        ]  # fmt: skip
    return figures
