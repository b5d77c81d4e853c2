"""Reservation by a predicted length; whoever outgrows it is preempted and comes back with twice as much.

source:  Jin et al., "S3: Increasing GPU Utilization during Generative Inference for Higher Throughput", NeurIPS 2023,
         sections 3.1 and 3.3.
"""

from interlock.serving.policy import Memory

POLICY = Memory(
    title="Room for a predicted length, doubled when it was too short",
    paper="Jin et al. 2023, S3: Increasing GPU Utilization during Generative Inference for Higher Throughput",
    grows=False,
    block=1,
    watermark=0.0,
    reserve="predicted",
)
