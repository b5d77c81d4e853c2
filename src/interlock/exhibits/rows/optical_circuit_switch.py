"""Optical circuit switches: the shape of a slice is found for the plan, and beats a fixed cube for skewed plans."""

from itertools import product
from math import prod

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction, within
from interlock.hardware import chip
from interlock.hardware.node import node

CLAIM = claim(
    "light paths re-wired in seconds, up to 4096 chips", "the accelerator review, Table 3; Jouppi et al. 2023"
)

Shape = tuple[int, ...]


def slices(chips: int, cube: int = 4) -> list[Shape]:
    """All tori of so many chips that cubes of 4 x 4 x 4 make, sides in order."""
    sides = [cube * factor for factor in range(1, chips // cube**3 + 1)]
    return [shape for shape in product(sides, repeat=3) if prod(shape) == chips and list(shape) == sorted(shape)]


def factors(size: int) -> list[Shape]:
    """All ways to write a number as a product of three, in order."""
    divisors = [value for value in range(1, size + 1) if size % value == 0]
    return [(a, b, size // (a * b)) for a in divisors for b in divisors if size % (a * b) == 0]


def time(parts: Shape, sides: Shape, amount: float, link: float) -> float:
    """All-reduce of a group that takes `parts` of each side, axis by axis; part of a ring is a line, half as fast."""
    total, left = 0.0, amount
    for part, side in zip(parts, sides, strict=True):
        total += 2 * (part - 1) / part * left / (2 * link * (1.0 if part == side else 0.5))
        left /= part
    return total


def best(shape: Shape, tensor: tuple[int, float], data: tuple[int, float], link: float) -> float:
    """The fastest way to lay tensor and data parallelism, (degree, bytes) each, over the axes of a slice."""
    options = [
        time(parts, shape, tensor[1], link)
        + time(tuple(s // p for s, p in zip(shape, parts, strict=True)), shape, data[1], link)
        for parts in factors(tensor[0])
        if all(side % part == 0 for side, part in zip(shape, parts, strict=True))
    ]
    return min(options, default=float("inf"))


def run() -> Reproduction:
    """512 chips: tensor parallelism over 16 or 32 with much traffic, against one that suits the cube."""
    link, cube = chip("tpu-v4").links["scale_up"].pair_bandwidth or 0, (8, 8, 8)
    gain = {}
    for degree in (8, 16, 32):
        plan = ((degree, 8e9), (512 // degree, 1e9), link)
        gain[degree] = best(cube, *plan) / min(best(shape, *plan) for shape in slices(512))
    pod = node("tpu-v4-pod")
    return reproduction(
        exactly("chips of a pod", 4096, pod.chips),
        exactly("slices of 512 chips", 3, len(slices(512))),
        above("best slice against the cube, tensor parallelism over 16", 1.05, gain[16]),
        above("over 32", 1.05, gain[32]),
        within("over 8, which suits the cube", 1.0, gain[8], 0.05),
        below("none is slower than the cube", 1.0, 1 / min(gain.values())),
    )
