"""Contiguous reservation of the longest sequence that may come.

source:  the baselines of Kwon et al., SOSP 2023, section 6.1 ("Orca (Max)").
"""

from interlock.serving.policy import Memory

POLICY = Memory(
    title="Room for the longest sequence, set aside at once",
    paper="Yu et al. 2022, Orca: A Distributed Serving System for Transformer-Based Generative Models",
    grows=False,
    block=1,
    watermark=0.0,
    reserve="longest",
)
