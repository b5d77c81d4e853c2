"""TPU v4: peak from its arrays, the pod from its cubes, and the bisection of its torus."""

from math import prod

from interlock.exhibits.base import Reproduction, claim, exactly, within
from interlock.exhibits.datasheet import chip_exhibit, clocked, peak
from interlock.exhibits.interconnect import torus_bisection, torus_links_across
from interlock.hardware import chip
from interlock.hardware.node import node

CLAIM = claim("275 TFLOPS BF16, 1.2 TB/s, 192 W, up to 4096 chips in a torus", "the accelerator review, Tables 1 to 3")


def run() -> Reproduction:
    """8 arrays of 128 x 128 at 1.05 GHz; 64 cubes of 64 chips; the links that a cut through the middle severs."""
    pod = node("tpu-v4-pod")
    sides = pod.torus or (1,)
    link = chip("tpu-v4").links["scale_up"]
    return chip_exhibit(
        "tpu-v4",
        within(
            "8 MXU x 16,384 multiply-adds x 1.05 GHz",
            peak("tpu-v4", "bf16") / 1e12,
            clocked("tpu-v4", 2 * 128**2) / 1e12,
            0.005,
            "TFLOP/s",
        ),
        exactly("64 chips a cube x 64 cubes", 4096, 4**3 * 64),
        exactly("chips of the pod", 4096, prod(sides)),
        exactly("links of a chip", 6, link.links or 0),
        exactly(
            "links that a cut through the middle severs, counted one by one", 2 * 16 * 16, torus_links_across(sides)
        ),
        within(
            "bisection bandwidth, one direction",
            2 * 16**2 * 45e9 / 1e12,
            torus_bisection(sides, link.pair_bandwidth or 0) / 1e12,
            1e-9,
            "TB/s",
        ),
        weight="bf16",
    )
