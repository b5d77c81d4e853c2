"""Register allocation: tensors whose lives overlap must not share memory; the others should."""

from dataclasses import dataclass

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction

CLAIM = claim(
    "live ranges coloured so that those that interfere differ", "Chaitin 1982; the survey, III-A, as an analogy"
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """Bytes, and the first and last step at which it is needed."""

    size: int
    born: int
    dies: int

    def meets(self, other: "Tensor") -> bool:
        """Whether both are alive at some step: an edge of the interference graph."""
        return self.born <= other.dies and other.born <= self.dies


def allocate(tensors: list[Tensor]) -> list[int]:
    """Offsets: the largest first, each in the tightest gap between those that it meets."""
    offsets: dict[int, int] = {}
    for index in sorted(range(len(tensors)), key=lambda i: (-tensors[i].size, tensors[i].born)):
        me = tensors[index]
        taken = sorted((offsets[i], offsets[i] + tensors[i].size) for i in offsets if tensors[i].meets(me))
        place, best, gap = 0, None, None
        for start, end in taken:
            if start - place >= me.size and (gap is None or start - place < gap):
                best, gap = place, start - place
            place = max(place, end)
        offsets[index] = place if best is None else best
    return [offsets[index] for index in range(len(tensors))]


def overlaps(tensors: list[Tensor], offsets: list[int]) -> int:
    """Pairs that are alive together and share a byte."""
    return sum(
        a.meets(b) and x < y + b.size and y < x + a.size
        for i, (a, x) in enumerate(zip(tensors, offsets, strict=True))
        for b, y in zip(tensors[i + 1 :], offsets[i + 1 :], strict=True)
    )


def peaks(tensors: list[Tensor]) -> tuple[int, int]:
    """Highest address in use, and the largest sum of live tensors, which no allocation beats."""
    offsets = allocate(tensors)
    end = max(t.dies for t in tensors)
    live = max(sum(t.size for t in tensors if t.born <= step <= t.dies) for step in range(end + 1))
    return max(x + t.size for x, t in zip(offsets, tensors, strict=True)), live


def training_step(layers: int) -> list[Tensor]:
    """Activations kept from the forward to the backward pass, and the short-lived ones beside them."""
    last = 2 * layers
    kept = [Tensor(64, layer, last - layer) for layer in range(layers)]
    wide = [Tensor(256, layer, layer) for layer in range(layers)]
    gradients = [Tensor(64, last - layer - 1, last - layer) for layer in range(layers)]
    return [*kept, *wide, *gradients]


def run() -> Reproduction:
    """200 random graphs and a training step of 12 layers."""
    rng = np.random.default_rng(0)
    graphs = []
    for _ in range(200):
        born = rng.integers(0, 30, 24)
        graphs.append([
            Tensor(int(size), int(b), int(b + life))
            for size, b, life in zip(rng.integers(1, 64, 24), born, rng.integers(0, 8, 24), strict=True)
        ])  # fmt: skip
    ratios = [high / live for high, live in map(peaks, graphs)]
    chain = training_step(12)
    high, live = peaks(chain)
    naive = sum(t.size for t in chain)
    return reproduction(
        exactly(
            "pairs of live tensors that share memory, 200 graphs", 0, sum(overlaps(g, allocate(g)) for g in graphs)
        ),
        below("mean peak over the bound of the live set", 1.05, float(np.mean(ratios))),
        exactly("training step: peak", live, high, "units"),
        below("training step: share of what it takes without reuse", 0.3, high / naive),
    )
