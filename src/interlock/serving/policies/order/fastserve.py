"""Skip-join multi-level feedback queue with preemption between any two steps.

source:  Wu et al., "Fast Distributed Inference Serving for Large Language Models", 2023, sections 4.1 and 4.2.
idea:    a request joins at the level whose quantum covers its prompt, loses a level when it has used a quantum up, and
         gives way to any of a lower level; its cache goes to the host. Who waited `promote_s` goes to the first level.
departs: quanta are tokens, not seconds; a request that gave way starts its quantum again. `proactive-swap` moves caches
         while others compute; nobody is promoted unless `promote_s` is given.
"""

from interlock.serving.policy import Order

POLICY = Order(
    title="Skip-join multi-level feedback queue",
    paper="Wu et al. 2023, Fast Distributed Inference Serving for Large Language Models",
    key=lambda requests, expected: requests.arrival_s,
    groups="levels",
    levels=6,
    quantum=16,
    prompt_share=0.02,
)
