"""What must lie in each chip's memory while training: weights, gradients, optimizer states, activations.

idea:    mixed precision with Adam keeps 2 bytes of a weight, its gradient, and 12 bytes of states (a 32-bit copy and
         two moments); ZeRO shares them out over data-parallel replicas, the states first. Activations that backward
         needs are counted tensor by tensor: inputs of products and norms, queries, keys, values, scores, masks.
source:  Rajbhandari et al. 2020, section 5 and figure 1 (ZeRO); Korthikanti et al. 2022, section 4 (activations, with
         equation 1: 34 s b h + 5 a s^2 b of a layer with dropout and unfused attention), and equations 2 to 6.
symbols: s tokens, b micro batch, h width, a heads, t tensor-parallel degree, p stages, v chunks.
keeps:   what the equations give, exactly, for the layers they are about; other layers by the same rules.
departs: mixers other than attention are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.errors import UnsupportedError
from interlock.models.blocks import Attention, FeedForward, Layer
from interlock.models.model import Model
from interlock.operators import Array, Split
from interlock.parallel import Parallelism
from interlock.training.job import Job

_WIDE: Final = 2.0  # bytes of an activation
_MASK: Final = 1.0
_STATES: Final = 12.0  # bytes a weight: 32-bit copy, two moments of Adam


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingMemory:
    """Bytes on the fullest chip."""

    weights: Array
    gradients: Array
    optimizer: Array
    activations: Array

    @property
    def total(self) -> Array:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


def memory_plan(job: Job) -> TrainingMemory:
    """Bytes a chip needs for a job."""
    own = parameters(job.model, job.parallelism)
    replicas = np.asarray(job.parallelism.data, dtype=float)
    shared = [own / (replicas if job.zero >= stage else 1.0) for stage in (3, 2, 1)]
    return TrainingMemory(
        weights=shared[0] * _WIDE,
        gradients=shared[1] * job.gradient_bytes,
        optimizer=shared[2] * _STATES,
        activations=activation_bytes(job),
    )


def parameters(model: Model, p: Parallelism) -> Array:
    """Weights that the fullest chip of a replica works with: its share of a stage's layers, and an end of the model."""
    stages = np.asarray(p.pipeline, dtype=float)
    total: Array = 0.0
    ends: dict[str, Array] = {"embedding": 0.0, "head": 0.0}
    for weight, repeats in model.weights():
        ways = p.tensor if weight.ways is None else np.minimum(p.tensor, weight.ways)
        each = weight.elements * repeats / (1.0 if weight.split in {Split.REPLICATED, Split.ROWS} else ways)
        if weight.group in ends:
            ends[weight.group] = ends[weight.group] + each
        else:
            total = total + (each * np.ceil(model.main.depth / stages) / model.main.depth if repeats > 1 else each)
    first, last = ends["embedding"], ends["head"] if not _tied(model) else ends["embedding"]
    alone = first + (0.0 if _tied(model) else last)
    return total + np.where(stages > 1, np.maximum(first, last), alone)[()]


def activation_bytes(job: Job) -> Array:
    """Bytes of the activations that the first stage holds at once, and, without stages, those of both ends.

    The first of p stages holds what p micro batches left in its share of the layers: as much as one leaves in all
    layers; interleaving adds a share of (p - 1) / (p v).
    """
    stages, chunks = np.asarray(job.parallelism.pipeline, dtype=float), np.asarray(job.chunks, dtype=float)
    held = np.where(chunks > 1, 1.0 + (stages - 1.0) / (stages * chunks), 1.0)
    in_flight = np.minimum(held, np.asarray(job.microbatches) / stages)  # fewer micro batches than stages
    layers: Array = 0.0
    assert job.model.decoder is not None
    for layer in job.model.decoder.layers:
        layers = layers + layer.count * layer_bytes(job, layer)
    found: Array = layers * np.maximum(in_flight, 1.0 / stages) + _end_bytes(job)
    return found


def layer_bytes(job: Job, layer: Layer) -> Array:
    """Bytes of one layer's activations on one chip, for one micro batch."""
    t, width = np.asarray(job.parallelism.tensor, dtype=float), job.model.main.width
    rows = np.asarray(job.tokens, dtype=float) * job.microbatch
    split = t if job.parallelism.sequence else 1.0  # of what tensor parallelism alone repeats
    if job.recompute == "full":
        return _WIDE * rows * width
    mixer, network = layer.mixer, layer.feed_forward
    if not isinstance(mixer, Attention) or not isinstance(network, FeedForward):
        raise UnsupportedError(f"{job.model.name}: only attention and a feed-forward network are counted in training")
    masks = 2.0 * _MASK * width * job.dropout  # behind attention and behind the network
    replicated = (len(layer.norms) + 2) * _WIDE * width + masks  # inputs of the norms and of both first products
    inside = _WIDE * (2 * mixer.query_width + mixer.kv_width)  # queries, keys and values; the input of the output
    inside += _WIDE * (network.inputs + network.intermediate)  # inputs of the activation and of the second product
    scores: Array = 0.0
    if not job.fused_attention and job.recompute == "none":
        square = np.asarray(job.tokens, dtype=float) ** 2 * job.microbatch * mixer.heads
        scores = square * (_WIDE + (_WIDE + _MASK) * job.dropout)
    return rows * (replicated / split + inside / t) + scores / t


def _end_bytes(job: Job) -> Array:
    """The embedding's mask for all micro batches in flight; norm, head and loss where there is one stage."""
    p = job.parallelism
    t, stages = np.asarray(p.tensor, dtype=float), np.asarray(p.pipeline, dtype=float)
    split = t if p.sequence else 1.0
    rows = np.asarray(job.tokens, dtype=float) * job.microbatch
    width = job.model.main.width
    mask = _MASK * width * job.dropout * np.minimum(stages, job.microbatches) / split
    vocabulary = job.model.head.rows if job.model.head else 0
    last = 2.0 * _WIDE * width / split + 4.0 * vocabulary / t
    found: Array = rows * (mask + np.where(stages > 1, 0.0, last))
    return found


def _tied(model: Model) -> bool:
    return model.head is not None and model.head.tied
