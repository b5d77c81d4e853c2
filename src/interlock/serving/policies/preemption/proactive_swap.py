"""Caches go to the host and come back while others compute.

source: Wu et al., "Fast Distributed Inference Serving for Large Language Models", 2023 (FastServe), whose manager
        moves caches ahead of need so that moving and computing overlap.
departs: a cache moves in the step after the decision, not ahead of it; a step takes the longer of the two.
"""

from interlock.serving.policy import Preemption

POLICY = Preemption(title="swap beside the steps", paper="Wu et al. 2023", swaps=True, overlaps=True)
