"""Token-level memory: paging with blocks of one token, so that none is wasted.

source:  LightLLM, "Token Attention".
departs: a watermark; `future-peak` has the estimate of the peak to come.
"""

from interlock.serving.policy import Memory

POLICY = Memory(
    title="One token at a time",
    paper="LightLLM: a Python-based LLM inference and serving framework, 2023",
    grows=True,
    block=1,
)
