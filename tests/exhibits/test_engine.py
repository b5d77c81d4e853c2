"""A real decoder under the scheduler: its texts do not depend on the policy, nor on who is preempted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.exhibits.engine import alone, sample, serve, step

RULES = [
    ("static:gang=4", 2000, True, False),
    ("orca+paged", 2000, True, False),
    ("vllm", 160, False, True),
    ("vllm+swap", 160, True, True),
    ("sarathi-serve:token_budget=16+paged", 160, False, True),
    ("orca+paged+fastserve:quantum=4", 160, True, True),
]


@pytest.mark.parametrize(("rule", "tokens", "host", "preempts"), RULES)
@pytest.mark.parametrize("seed", [0, 1])
def test_texts_are_those_of_each_request_by_itself(rule, tokens, host, preempts, seed):
    decoder, prompts, outputs, arrivals = sample(seed)
    found = serve(decoder, prompts, outputs, rule, kv_tokens=tokens, arrivals=arrivals, host=host)
    assert found.texts == alone(decoder, prompts, outputs)
    assert (found.preempted > 0) == preempts


@given(cut=st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_a_prompt_in_chunks_beside_others_has_the_logits_of_the_whole(cut):
    decoder, prompts, *_ = sample()
    caches = [decoder.empty_cache() for _ in prompts]
    step(decoder, [(prompt[:cut], cache) for prompt, cache in zip(prompts, caches, strict=True)])
    rest = [(prompt[cut:], cache) for prompt, cache in zip(prompts, caches, strict=True) if len(prompt) > cut]
    wanted = [decoder.forward(prompt) for prompt in prompts if len(prompt) > cut]
    if rest:
        np.testing.assert_allclose(step(decoder, rest), wanted, atol=1e-4)
