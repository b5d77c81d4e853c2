"""PowerInfer: neurons that are nearly always needed stay on the GPU, the others are computed where they lie."""

import numpy as np

from interlock.cost import Chips
from interlock.exhibits.base import Figure, Reproduction, above, below, claim, holds, reproduction
from interlock.exhibits.offloaded import opt, published
from interlock.exhibits.relu_model import relu_model
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.inference.memory import weight_bytes
from interlock.models import Formats, decode, scheme
from interlock.offloading.flash import network_bytes
from interlock.offloading.neurons import Split, frequencies, greedy, solve
from interlock.parallel import Parallelism

CLAIM = claim("up to 11.69 times llama.cpp on an RTX 4090", "Song et al. 2023, abstract")
NEEDS = "offload"
GROUPS = 64  # of a layer's neurons
HALF = Formats.of(scheme("fp16", "fp16"))


def run() -> Reproduction:
    """Counts and a split of a trained ReLU network, the program against greedy, and OPT-30B on the paper's machine."""
    return reproduction(*_trained(), *_predicted())


def _trained() -> list[Figure]:
    model = relu_model()
    x = model.inputs(model.unseen)
    gates = x @ model.rows.T
    seen, unseen = np.array_split(gates > 0, 2)
    counts = seen.sum(axis=0)
    order = np.argsort(-counts)
    hot = order[: len(order) // 5]
    cold = order[len(order) // 5 :]
    inner = np.maximum(gates, 0.0)
    apart = inner[:, hot] @ model.columns[hot] + inner[:, cold] @ model.columns[cold]
    dense = inner @ model.columns
    return [
        above("share of activations of the hottest fifth of a trained network's neurons", 0.5,
              counts[hot].sum() / counts.sum()),
        above("their share on text that did not choose them", 0.5, unseen[:, hot].sum() / unseen.sum()),
        below("largest difference of the split from the dense network, over its largest output", 1e-5,
              float(np.abs(apart - dense).max() / np.abs(dense).max())),
    ]  # fmt: skip


def _predicted() -> list[Figure]:
    model, device = opt("30b"), Chips.calibrated(chip("rtx4090"))
    host = Chips.calibrated(chip("core-i9-13900k"))
    step = price_step(model, decode(1.0, 128.0), HALF, Parallelism(), device)
    other = sum(float(item.total_time) for item in step.operators if item.operator.block != "mlp")
    layers, weights, networks = model.main.depth, float(weight_bytes(model, HALF)), network_bytes(model, HALF)
    group = networks / layers / GROUPS
    law = frequencies(
        GROUPS, published("powerinfer-active"), hot=published("powerinfer-hot"), covered=published("powerinfer-covered")
    )
    spread = np.linspace(0.6, 1.4, layers)  # later layers are denser
    frequency = np.clip(law * spread[:, None], 0.0, 1.0)
    room = float(device.usable) - (weights - networks)
    rate = float(device.bandwidth), float(host.bandwidth)
    split = Split(device_rate=rate[0], host_rate=rate[1], synchronize=2.0 * float(device.links.latency))
    best, plain = solve(frequency, group, room, least=2), greedy(frequency, group, room, least=2)
    forced = [way(frequency, group, room, least=6).saved for way in (solve, greedy)]  # where the device pays off late
    fastest = split.token(best, frequency, group, other)
    on_device = float(device.usable) / weights
    by_layers = weights * (on_device / rate[0] + (1.0 - on_device) / rate[1])
    server = float(price_step(model, decode(1.0, 128.0), HALF, Parallelism(), Chips.calibrated(chip("a100-80g"))).time)
    return [
        above("activations that the program finds on the device, over greedy", 1.0, best.saved / plain.saved),
        above("the same where a layer needs 6 of 64 groups to use the device", forced[1] + 1.0, forced[0],
              note="expected groups a token; greedy's is the claimed column less 1"),
        holds("and it fits", best.on_device.sum() * group <= room),
        below("neurons on the device, share", 0.15, float(best.on_device.mean())),
        above("share of activations that they have", 2.0 * float(best.on_device.mean()), best.saved / frequency.sum()),
        above("OPT-30B in 16 bits, times a split by whole layers", published("powerinfer-mean-speedup") / 1.5,
              by_layers / fastest, note="the paper: 7.23 in the mean; layers 0.6 to 1.4 times as dense are assumed"),
        below("and at most", published("powerinfer-most-speedup"), by_layers / fastest),
        below("speed over an A100 with all weights", published("powerinfer-a100-share"), server / fastest,
              note="the A100 computes densely here"),
    ]  # fmt: skip
