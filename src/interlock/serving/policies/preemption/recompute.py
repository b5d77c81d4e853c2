"""Forget the cache and compute it again from all known tokens.

source:  Kwon et al., SOSP 2023, section 4.5.
"""

from interlock.serving.policy import Preemption

POLICY = Preemption(
    title="Compute the cache again",
    paper="Kwon et al. 2023, Efficient Memory Management for Large Language Model Serving with PagedAttention",
    swaps=False,
)
