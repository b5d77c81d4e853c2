"""Dynamic SplitFuse: long prompts are split, short ones fused, so that every forward pass has the same size.

source:  Holmes et al., "DeepSpeed-FastGen", 2024, section 3.2.
departs: in composition it is stall-free batching at the throughput-saturating size; what the engine does between steps
         is not modelled.
"""

from interlock.serving.policy import Batching

POLICY = Batching(
    title="Dynamic SplitFuse: forward passes of one size",
    paper="Holmes et al. 2024, DeepSpeed-FastGen: High-throughput Text Generation via MII and DeepSpeed-Inference",
    mixed=True,
    chunked=True,
    token_budget=2048,
    counts_decodes=True,
)
