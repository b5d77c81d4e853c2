"""SE-MoE: layers of experts pass through a ring of buffers; loads no longer than arithmetic are hidden."""

import numpy as np

from interlock.cost import Chips
from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction, within
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.inference.memory import weight_bytes
from interlock.models import Formats, decode, model, scheme
from interlock.offloading.ring import ring_seconds, ring_timeline
from interlock.parallel import Parallelism

CLAIM = claim("ring memory: layers of experts stream through a few buffers while others compute", "Shen et al. 2022")
LAYERS, BUFFERS = 24, 4


def run() -> Reproduction:
    """The ring event by event over load times, and Mixtral on an A100 at the batch from which nothing stalls."""
    ratios = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0])
    found = np.array([ring_timeline(LAYERS, BUFFERS, 1.0, ratio).makespan for ratio in ratios])
    closed = np.array([ring_seconds(LAYERS, BUFFERS, 1.0, ratio) for ratio in ratios])
    beyond = np.diff(found[5:]) / np.diff(ratios[5:])
    moe, device = model("mixtral-8x7b"), chip("a100-40g")
    half, columns = Formats.of(scheme("fp16", "fp16")), Chips.calibrated(device)
    batches = 2.0 ** np.arange(0, 16)
    step = price_step(moe, decode(batches, 512.0), half, Parallelism(), columns)
    compute = np.asarray(step.time) / moe.main.depth
    load = float(weight_bytes(moe, half)) / moe.main.depth / float(columns.spill_bandwidth)
    rate = np.array([batch / (ring_seconds(moe.main.depth, 4, one, load, 20) / 20) for batch, one in
                     zip(batches, compute, strict=True)])  # fmt: skip
    stalls = compute < load
    return reproduction(
        exactly("load times up to arithmetic's at which the ring stalls", 0.0, float(np.sum(found[:5] > LAYERS))),
        within("layers' loads that each further unit of load time adds", float(LAYERS - BUFFERS), float(beyond.mean()),
               1e-9),
        below("its variation", 1e-9, float(np.ptp(beyond))),
        exactly("largest distance of the closed form from the events", 0.0, float(np.abs(found - closed).max())),
        above("one buffer instead, times slower at equal times", 1.9, ring_seconds(LAYERS, 1, 1.0, 1.0) / LAYERS),
        holds("Mixtral-8x7B on an A100 of 40 GB: small batches wait for the link", bool(stalls[0])),
        within("its tokens a second at batch 2 over batch 1, link-bound", 2.0, rate[1] / rate[0], 0.01),
        holds("the largest batch does not stall", not stalls[-1]),
    )  # fmt: skip
