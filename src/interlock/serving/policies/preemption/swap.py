"""Move the cache to the host and back.

source:  Kwon et al., SOSP 2023, section 4.5; Wu et al. 2023, section 4.2.
departs: the move is not overlapped with computing, as it is in `proactive-swap`.
"""

from interlock.serving.policy import Preemption

POLICY = Preemption(
    title="Move the cache to the host and back",
    paper="Kwon et al. 2023, Efficient Memory Management for Large Language Model Serving with PagedAttention",
    swaps=True,
)
