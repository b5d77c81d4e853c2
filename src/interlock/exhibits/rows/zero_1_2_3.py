"""ZeRO: what each stage leaves on a device."""

from interlock.exhibits.base import Reproduction, claim, reproduction, within

CLAIM = claim(
    "120, 31.4, 16.6 and 1.9 GB a device for 7.5 billion parameters on 64", "Rajbhandari et al. 2020, ZeRO, figure 1"
)
MISSING = "a run over several processes that equals unsharded Adam"


def bytes_a_device(parameters: float, devices: int, stage: int) -> float:
    """2 bytes of weights, 2 of gradients and 12 of Adam's state a parameter; stage 1 divides the last, 2 and 3 more."""
    weights, gradients, states = 2.0, 2.0, 12.0
    return parameters * (
        weights / (devices if stage >= 3 else 1)
        + gradients / (devices if stage >= 2 else 1)
        + states / (devices if stage >= 1 else 1)
    )


def run() -> Reproduction:
    """7.5 billion parameters, 64 devices, mixed-precision Adam."""
    return reproduction(
        *(
            within(f"stage {stage}", claimed, bytes_a_device(7.5e9, 64, stage) / 1e9, 0.015, "GB")
            for stage, claimed in enumerate((120.0, 31.4, 16.6, 1.9))
        )
    )
