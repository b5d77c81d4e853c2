"""LPDDR5T-9600: pin rate times width."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.datasheet import bandwidth
from interlock.exhibits.mobile import pin_bandwidth

CLAIM = claim("76.8 GB/s", "the mobile slides, More limitations")


def run() -> Reproduction:
    """9.6 Gbit/s a pin, 64 bit; other generations by the same rule."""
    return reproduction(
        exactly("9.6 Gbit/s x 64 / 8", 76.8, pin_bandwidth(9.6, 64), "GB/s"),
        within("the Dimensity 9300's record", 76.8, bandwidth("dimensity-9300") / 1e9, 1e-9, "GB/s"),
        within(
            "LPDDR5X at 10.6 Gbit/s, the Snapdragon 8 Elite", 84.8, bandwidth("snapdragon-8-elite") / 1e9, 0.01, "GB/s"
        ),
        within(
            "LPDDR5 at 6.4 Gbit/s, the A17 Pro", pin_bandwidth(6.4, 64), bandwidth("apple-a17-pro") / 1e9, 0.001, "GB/s"
        ),
    )
