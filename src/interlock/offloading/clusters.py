"""Clusters of neurons on a phone: while some are computed, the next ones come from flash.

source:  Xue et al. 2024, PowerInfer-2: neuron clusters, and a pipeline over clusters in the place of one over matrices.
idea:    an operation on a cluster waits for that cluster's own neurons alone; over matrices it waits for all of the
         matrix. Predicting, reading, and computing are streams; the three matrices of a neuron are read together.
symbols: N layers, C clusters a layer, of which some are in memory and the others are read.
keeps:   clusters in memory are computed first; arithmetic of a layer ends before the next layer's begins.
"""

from __future__ import annotations

from interlock.offloading.timeline import Task, Timeline, run_tasks


def pipeline(
    *, layers: int, held: int, read: int, compute_s: float, read_s: float, dense_s: float, by_cluster: bool
) -> Timeline:
    """A decoded token, event by event.

    Args:
        layers: N.
        held: clusters of a layer that are in memory.
        read: clusters that are not.
        compute_s: arithmetic of a cluster.
        read_s: reading one.
        dense_s: attention and prediction of a layer, after which its reads may begin.
        by_cluster: whether a cluster waits for itself alone, or for all of its layer.
    """
    tasks: list[Task] = []
    before: tuple[int, ...] = ()
    for _ in range(layers):
        tasks.append(Task(stream="compute", seconds=dense_s, after=before, name="attention"))
        known = len(tasks) - 1
        reads = range(len(tasks), len(tasks) + read)
        tasks += [Task(stream="flash", seconds=read_s, after=(known,), name="read")] * read
        waits: list[tuple[int, ...]] = [(known,) for _ in range(held)]
        waits += [(number,) for number in reads]
        if not by_cluster:
            waits = [(known, *reads)] * (held + read)
        tasks += [Task(stream="compute", seconds=compute_s, after=wait, name="cluster") for wait in waits]
        before = (len(tasks) - 1,)
    return run_tasks(tasks)


def pipeline_seconds(
    *, layers: int, held: int, read: int, compute_s: float, read_s: float, dense_s: float, by_cluster: bool
) -> float:
    """The closed form of `pipeline`: a flow shop of two machines, whose first part needs no read."""
    if not by_cluster or read == 0:
        return layers * (dense_s + read * read_s + (held + read) * compute_s)
    last = max(read * read_s, read_s + (read - 1) * compute_s) + compute_s
    return layers * (dense_s + max((held + read) * compute_s, last))
