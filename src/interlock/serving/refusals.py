"""What a simulation refuses before it begins: requests and policies under which somebody would wait for ever."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.serving.policy import Policy
from interlock.workloads.requests import Requests


def refuse(
    requests: Requests,
    policy: Policy,
    reserve: NDArray[np.int64],
    blocks: int,
    longest: int,
    *,
    limited: bool,
    drafts: int = 0,
) -> None:
    """Refuse what would wait for ever.

    Args:
        requests: what comes.
        policy: the decisions.
        reserve: tokens set aside for each request.
        blocks: of one replica's cache.
        longest: most tokens of a request.
        limited: only so many requests are under way at once.
        drafts: tokens drafted a step.

    Raises:
        InputError: a request that no replica can hold, or a batch that never closes.
    """
    total = requests.prompt + requests.output
    too_long = total > longest
    if np.any(too_long):
        row = int(np.argmax(too_long))
        accepted = f"at most {longest} positions (--max-model-len)"
        raise InputError("request", f"{total[row]} tokens in request {row + 1}", accepted)
    need = total if policy.memory.grows else np.maximum(total, reserve)
    if policy.memory.reserve == "predicted":
        need = total
    own = -(-need // policy.memory.block) * requests.samples
    if policy.memory.grows:
        own = own - (requests.samples - 1) * (requests.prompt // policy.memory.block)
    lacking = own > blocks
    if np.any(lacking):
        row = int(np.argmax(lacking))
        accepted = f"at most the {blocks * policy.memory.block} tokens that a replica's KV cache holds"
        raise InputError("memory", f"{need[row]} tokens for request {row + 1} ({policy.memory.title})", accepted)
    if policy.batching.gang and policy.batching.wait_s > 1e9 and limited:
        accepted = "batches that close after a delay (dynamic), since one that waits to be full may wait for ever"
        raise InputError("--policy", f"{policy.name} with limited concurrency", accepted)
    wide = requests.samples > policy.max_num_seqs
    if np.any(wide):
        row = int(np.argmax(wide))
        found, accepted = f"{requests.samples[row]} answers to request {row + 1}", f"at most {policy.max_num_seqs}"
        raise InputError("--n", found, f"{accepted} sequences of a batch (--max-num-seqs)")
    if np.any(requests.samples > 1) and (policy.batching.gang or drafts):
        accepted = "several answers to a prompt without speculation and without whole batches (static, dynamic)"
        raise InputError("--n", f"{requests.samples.max()} with {policy.name}", accepted)
    if policy.batching.gang and drafts:
        accepted = "speculative decoding without whole batches (static, dynamic), whose tokens come in step"
        raise InputError("--policy", policy.name, accepted)
    if policy.batching.counts_decodes and policy.batching.token_budget <= 0:
        raise InputError("--policy", "a token budget of 0", "1 token or more")
