"""Sparse experts on a device: speed by active bytes, fit by all bytes, and a cache of experts between."""

import itertools

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.datasheet import bandwidth, capacity
from interlock.exhibits.model_size import active_parameters, parameters
from interlock.hardware import chip

CLAIM = claim("Mixtral 8x7B: 47 billion parameters, 13 billion active", "the mobile slides, SMoE")
PHONE, BYTES = "dimensity-9300", 0.5  # INT4


def token_rate(hit_rate: float) -> float:
    """Tokens a second where that share of the experts a token needs is in memory and the rest is read from flash."""
    total, active = parameters("mixtral-8x7b"), active_parameters("mixtral-8x7b")
    experts = (total - active) / (1 - 2 / 8)  # all experts; 6 of 8 are inactive
    missed = (1 - hit_rate) * experts * 2 / 8 * BYTES
    flash = chip(PHONE).memories["host"].bandwidth or float("nan")
    return 1 / (active * BYTES / bandwidth(PHONE) + missed / flash)


def run() -> Reproduction:
    """The dense model of the same size and the dense one of the same speed, and the sweep of hit rates."""
    total, active = parameters("mixtral-8x7b") * BYTES, active_parameters("mixtral-8x7b") * BYTES
    rates = [token_rate(share / 20) for share in range(21)]
    return reproduction(
        within("bytes read for a token", 6.44, active / 1e9, 0.001, "GB"),
        within("bytes stored", 23.35, total / 1e9, 0.001, "GB"),
        holds("all of it does not fit a phone of 16 GB", total > 16 * 2**30),
        below(
            "nor a phone of 24 GB with three fifths for one application", total / 1e9, 0.6 * capacity(PHONE) / 1e9, "GB"
        ),
        within("speed with every expert in memory: 76.8 GB/s over active bytes", 11.93, rates[-1], 0.001, "token/s"),
        within("speed of a dense model of 47 billion", 3.29, bandwidth(PHONE) / total, 0.001, "token/s"),
        exactly(
            "hit rates at which it is faster than at the one before",
            20,
            sum(b > a for a, b in itertools.pairwise(rates)),
        ),
        within("speed with every expert from flash", 0.70, rates[0], 0.01, "token/s"),
    )
