"""A ring of buffers that layers stream through: the next ones load while one computes.

source:  Shen et al. 2022, SE-MoE: ring memory for inference, a fixed number of layers' experts on the device.
symbols: N layers, K buffers, c seconds of arithmetic and l seconds of loading a layer.
keeps:   a load waits for its buffer, which is free when the layer K before it has been computed.
"""

from __future__ import annotations

from interlock.offloading.timeline import Task, Timeline, run_tasks


def ring_timeline(layers: int, buffers: int, compute_s: float, load_s: float, passes: int = 1) -> Timeline:
    """The layers of some passes through a ring, event by event; the first `buffers` layers are loaded before."""
    tasks: list[Task] = []
    computed: list[int] = []
    for place in range(layers * passes):
        loading: tuple[int, ...] = ()
        if place >= buffers:
            free = computed[place - buffers]
            tasks.append(Task(stream="load", seconds=load_s, after=(free,), name=f"load {place}"))
            loading = (len(tasks) - 1,)
        tasks.append(Task(stream="compute", seconds=compute_s, after=loading, name=f"layer {place}"))
        computed.append(len(tasks) - 1)
    return run_tasks(tasks)


def ring_seconds(layers: int, buffers: int, compute_s: float, load_s: float, passes: int = 1) -> float:
    """The closed form of `ring_timeline`.

    With two buffers or more a step costs the longer of arithmetic and load: N c, or loads one after the other between
    the first layer's arithmetic and the last one's. With one buffer nothing overlaps.
    """
    total = layers * passes
    if buffers == 1:
        return total * compute_s + (total - 1) * load_s
    loads = max(total - buffers, 0)
    return max(total * compute_s, 2.0 * compute_s + loads * load_s if loads else 0.0)
