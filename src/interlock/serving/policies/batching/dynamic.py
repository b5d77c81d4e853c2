"""Dynamic batching: a batch starts when it is full or its oldest request has waited long enough.

source:  Crankshaw et al., "Clipper", NSDI 2017, section 4.3 (delayed batching).
"""

from interlock.serving.policy import Batching

POLICY = Batching(
    title="Batches that close after a delay",
    paper="Crankshaw et al. 2017, Clipper: A Low-Latency Online Prediction Serving System",
    mixed=False,
    gang=32,
    wait_s=0.1,
    with_memory="contiguous",
)
