"""Contiguous reservation by an oracle that knows the length of every answer.

source:  "Orca (Oracle)", Kwon et al., SOSP 2023, section 6.1.
"""

from interlock.serving.policy import Memory

POLICY = Memory(
    title="Room for the sequence as it will be, by an oracle",
    paper="Kwon et al. 2023, Efficient Memory Management for Large Language Model Serving with PagedAttention",
    grows=False,
    block=1,
    watermark=0.0,
    reserve="exact",
)
