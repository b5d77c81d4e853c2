"""PowerInfer-2: neuron clusters of a sparse mixture on a phone, computed while others come from flash."""

import numpy as np

from interlock.cost import Chips
from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.exhibits.offloaded import published
from interlock.hardware.installed import installed
from interlock.hardware.node import node
from interlock.inference import price_step
from interlock.inference.memory import weight_bytes
from interlock.models import Formats, decode, model, scheme
from interlock.offloading.clusters import pipeline, pipeline_seconds
from interlock.offloading.flash import flash, network_bytes
from interlock.offloading.neurons import frequencies
from interlock.parallel import Parallelism

CLAIM = claim("a 47B model at 11.68 tokens a second on a phone", "Xue et al. 2024, abstract")
CLUSTERS = 64  # of the neurons that a token needs in a layer


def run() -> Reproduction:
    """The 47B mixture on a phone with its memory and UFS rates, and both pipelines over shapes of a layer."""
    rng = np.random.default_rng(0)
    ratios, gaps = [], []
    for _ in range(50):
        shape = {"layers": 4, "held": int(rng.integers(0, 12)), "read": int(rng.integers(1, 12)),
                 "compute_s": float(rng.uniform(0.1, 1)), "read_s": float(rng.uniform(0, 2)),
                 "dense_s": 0.5}  # fmt: skip
        fine, coarse = (pipeline(**shape, by_cluster=way).makespan for way in (True, False))  # type: ignore[arg-type]
        ratios.append(fine / coarse)
        gaps.append(abs(fine / pipeline_seconds(**shape, by_cluster=True) - 1))  # type: ignore[arg-type]
    rate, coarse_rate, missed = _phone()
    return reproduction(
        below("clusters over matrices, slowest of 50 shapes", 1.0 + 1e-12, max(ratios)),
        below("largest distance of the closed form", 1e-9, max(gaps)),
        above("47B in 4 bits on the phone, tokens a second", 6.0, rate, "token/s"),
        below("and at most", 20.0, rate, "token/s"),
        below("over what was measured", 1.75, rate / published("powerinfer-2-47b")),
        holds("a pipeline over matrices is slower", coarse_rate < rate),
        below("share of needed neurons that is read from flash", 0.1, missed),
        exactly("bytes read and computed are those of 4-bit weights with a scale for 64", 0.53125,
                float(Formats.of(scheme("int4-g64", "fp16")).weight)),
    )  # fmt: skip


def _phone() -> tuple[float, float, float]:
    """Tokens a second by clusters and by matrices, and the share of needed neurons that memory does not hold."""
    phone, moe = installed(node("oneplus-12-24g")), model("mixtral-8x7b")
    columns, kept = Chips.of(phone), Formats.of(scheme("int4-g64", "fp16", head="int8"))
    layers, width = moe.main.depth, moe.main.width
    step = price_step(moe, decode(1.0, 256.0), kept, Parallelism(), columns)
    other = sum(float(item.total_time) for item in step.operators if item.operator.routing is None)
    needed = published("turbosparse-active") * 1e9 * float(kept.weight) / layers
    law = frequencies(
        CLUSTERS * 16, published("powerinfer-active"), hot=published("powerinfer-hot"),
        covered=published("powerinfer-covered"),
    )  # fmt: skip
    networks = network_bytes(moe, kept)
    predictors = published("turbosparse-predictors") * 1e9
    held = (float(columns.usable) - float(weight_bytes(moe, kept)) + networks - predictors) / networks
    other += predictors * 2 / 8 / float(columns.bandwidth)  # those of the two experts that a token has
    missed = 1.0 - float(law[: int(held * len(law))].sum() / law.sum())
    read = max(round(missed * CLUSTERS), 1)
    drive, bundle = flash("ufs-4"), 3.0 * width * float(kept.weight)
    cluster = needed / CLUSTERS
    rates = []
    for way in (True, False):
        seconds = pipeline(
            layers=layers, held=CLUSTERS - read, read=read, compute_s=cluster / float(columns.bandwidth),
            read_s=cluster / float(drive.rate(bundle)), dense_s=other / layers, by_cluster=way,
        ).makespan  # fmt: skip
        rates.append(1.0 / seconds)
    return rates[0], rates[1], missed
