"""Composition of experts: whole models in DDR, switched into HBM, against a GPU that fetches them from its host."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, claim, exactly, holds, reproduction, within
from interlock.exhibits.datasheet import capacity
from interlock.exhibits.model_size import weights_bytes
from interlock.hardware import chip

CLAIM = claim(
    "150 experts of Llama 2 7B on one node of eight sockets",
    "Prabhakar et al. 2024, SN40L, as the accelerator review cites it",
)
EXPERTS, REQUESTS = 150, 4000


def hit_rate(slots: int, skew: float, seed: int = 0) -> float:
    """Share of requests whose expert is already in HBM under least-recently-used, experts popular as rank ** -skew."""
    popularity = np.arange(1, EXPERTS + 1) ** -skew
    wanted = np.random.default_rng(seed).choice(EXPERTS, REQUESTS, p=popularity / popularity.sum())
    held: dict[int, None] = {}
    hits = 0
    for expert in wanted.tolist():
        hits += expert in held
        held.pop(expert, None)
        held[expert] = None
        if len(held) > slots:
            del held[next(iter(held))]
    return hits / REQUESTS


def run() -> Reproduction:
    """Capacity, switching time at 200 GB/s a socket, hit rates by skew, and throughput against PCIe."""
    expert, sockets = weights_bytes("llama-2-7b", "bf16"), 8
    ddr = chip("sn40l").memories["host"]
    switch = expert / (sockets * (ddr.bandwidth or float("nan")))
    fetch = expert / (chip("h100-sxm").links["host"].bandwidth or float("nan"))
    slots = int(0.7 * sockets * capacity("sn40l") / expert)
    rates = [hit_rate(slots, skew) for skew in (0.0, 0.5, 1.0, 1.5)]
    answer = (
        20 * expert / (sockets * (chip("sn40l").main.bandwidth or float("nan")))
    )  # 20 tokens at the bandwidth bound
    ours, gpu = (answer + (1 - rates[2]) * time for time in (switch, fetch))
    return reproduction(
        above("experts that the node's DDR holds, at least", EXPERTS, sockets * (ddr.capacity or 0) / expert),
        within("switch over eight sockets: bytes / 1.6 TB/s", 8.42, switch * 1e3, 0.01, "ms"),
        within("switch on one socket: bytes / 200 GB/s", 67.4, 8 * switch * 1e3, 0.01, "ms"),
        within("hit rate without skew: slots over experts", slots / EXPERTS, rates[0], 0.15),
        holds("hit rate grows with skew", rates == sorted(rates)),
        exactly("hit rate when all fit, but for first uses", 1 - EXPERTS / REQUESTS, hit_rate(EXPERTS, 0.0)),
        above("throughput over a GPU that swaps from its host", 2, gpu / ours),
    )
