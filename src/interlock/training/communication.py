"""What replicas and stages of a training job say to each other.

idea:    ranks are numbered tensor-parallel first, then data-parallel, then by stage, so the data-parallel peers of a
         chip lie `tensor` chips apart: a domain holds domain / tensor of them.
source:  Narayanan et al. 2021 (order of ranks); Rajbhandari et al. 2020, section 7 (ZeRO: as much as an all-reduce up
         to stage 2, half as much again at stage 3).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from interlock.operators import Array, Communication
from interlock.parallel import Links, collective_time
from interlock.training.job import Job
from interlock.training.memory import parameters

_WIDE = 2.0


def between_stages(job: Job, links: Links) -> Array:
    """Seconds of one message from a stage to the next; nothing with one stage."""
    p = job.parallelism
    message = np.asarray(job.tokens, dtype=float) * job.microbatch * job.model.main.width * _WIDE / p.tensor
    time = collective_time(Communication.POINT_TO_POINT, message, np.maximum(p.chips, 2), links)
    return np.where(np.asarray(p.pipeline) > 1, time, 0.0)


def gradients(job: Job, links: Links) -> Array:
    """Seconds to reduce the gradients over the replicas, and to spread the new weights where states are shared out."""
    own = parameters(job.model, job.parallelism)
    peers, near = job.parallelism.data, _of_replicas(job, links)
    if job.zero == 0:
        return collective_time(Communication.ALL_REDUCE, own * job.gradient_bytes, peers, near)
    scatter = collective_time(Communication.REDUCE_SCATTER, own * job.gradient_bytes, peers, near)
    return scatter + collective_time(Communication.ALL_GATHER, own * _WIDE, peers, near)


def gathered_weights(job: Job, links: Links) -> Array:
    """Seconds to gather all weights of the layers once, as every pass of stage 3 does."""
    own = parameters(job.model, job.parallelism)
    return collective_time(Communication.ALL_GATHER, own * _WIDE, job.parallelism.data, _of_replicas(job, links))


def scattered_gradients(job: Job, links: Links, element_bytes: float) -> Array:
    """Seconds to reduce the gradients of one micro batch to their owners, as stage 3 does."""
    own = parameters(job.model, job.parallelism)
    near = _of_replicas(job, links)
    return collective_time(Communication.REDUCE_SCATTER, own * element_bytes, job.parallelism.data, near)


def _of_replicas(job: Job, links: Links) -> Links:
    return replace(links, domain=np.maximum(np.floor(links.domain / np.asarray(job.parallelism.tensor)), 1.0))
