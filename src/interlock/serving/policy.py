"""The vocabulary of serving policies: six small decisions, each a frozen value that says what is decided and how.

idea:    a policy is one value of one family in one file of `policies/<family>/`, named `POLICY` there; the file name is
         the name. The scheduler (`interlock.serving.scheduler`), which a real engine drives, and the compiled
         simulator read the same values, and tests hold the two to the same decisions.
keeps:   plain Python and NumPy columns, no tensors; what a policy knows of a request is what an engine knows when it
         decides, so lengths of answers come from a predictor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, shown
from interlock.workloads.requests import Requests

UNLIMITED = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What all families share: a title, where it comes from, and parameters that a user can set."""

    family: ClassVar[str]
    title: str
    paper: str

    def with_parameters(self, text: str, where: str) -> Decision:
        """The policy with parameters from "token_budget=512,seed=3".

        Raises:
            InputError: a parameter it does not have, or a value that is not of its type.
        """
        fixed = {"title", "paper"}
        known = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in fixed}
        known = {key: value for key, value in known.items() if isinstance(value, bool | int | float)}
        changes: dict[str, Any] = {}
        for part in text.split(","):
            key, equals, value = part.partition("=")
            key = key.strip().replace("-", "_")
            if not equals or key not in known:
                raise InputError(where, shown(part), f"parameters among {', '.join(known) or 'none'}, as key=value")
            try:
                number = float(value)
            except ValueError:
                raise InputError(where, shown(part), f"a number for {key}") from None
            if not np.isfinite(number) or number < 0 or (isinstance(known[key], int) and number != int(number)):
                raise InputError(where, shown(part), f"a number of 0 or more for {key}, whole where it counts")
            changes[key] = type(known[key])(number)
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching(Decision):
    """What one step of the engine is made of.

    `token_budget`: most tokens of a step that reads prompts; `counts_decodes`: decoding sequences count as one each.
    `chunked`: a prompt may be cut to fit. `mixed`: prompts and decoding share a step, else a step with prompts stalls
    decoding. `prompts`: most prompts in a step. `gang`: requests are batched as a whole and leave together; a batch
    starts when it has `gang` of them or its oldest has waited `wait_s`.
    """

    family: ClassVar[str] = "batching"
    mixed: bool
    chunked: bool = False
    token_budget: int = UNLIMITED
    counts_decodes: bool = False
    prompts: int = UNLIMITED
    gang: int = 0
    wait_s: float = 1e300
    with_memory: str = "paged"
    with_preemption: str = "recompute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory(Decision):
    """How the KV cache is given out.

    `grows`: block by block as tokens come, keeping `watermark` of all blocks free when a request is let in; else
    `reserve` says how many tokens are set aside when it is let in, and one that outgrows that is preempted and let in
    again with twice as much. `foresees`: nobody is let in who would make the batch outgrow its memory before its
    members end, as far as lengths are known.
    """

    family: ClassVar[str] = "memory"
    grows: bool
    block: int = 16
    watermark: float = 0.01
    reserve: Literal["prompt", "longest", "predicted", "exact"] = "prompt"
    shares_prefixes: bool = False
    foresees: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Decision):
    """Who of those waiting is next: the least `key`, within the group that is next if there are groups.

    `groups`: "clients" are served least first, counting `prompt_weight` a prompt token and `token_weight` a token;
    "levels" lowest first, where `quantum` tokens, times `quantum_ratio` a level, demote a request, and one of a lower
    level takes the place of one of a higher; the first of a level that has waited `promote_s` goes to the lowest, never
    if that is 0.
    """

    family: ClassVar[str] = "order"
    key: Callable[[Requests, NDArray[np.float64]], NDArray[np.float64]]
    groups: Literal["none", "clients", "levels"] = "none"
    prompt_weight: float = 1.0
    token_weight: float = 2.0
    levels: int = 1
    quantum: int = 0
    quantum_ratio: int = 2
    prompt_share: float = 0.0
    promote_s: float = 0.0
    predictor_error: float = 0.0
    seed: int = 0

    def quanta(self) -> list[int]:
        """Tokens that each level allows."""
        return [max(self.quantum, 1) * self.quantum_ratio**level for level in range(self.levels)]

    def first_level(self, prompts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Skip-join: the lowest level whose quantum covers reading the prompt, in tokens of decoding's worth."""
        need = prompts * self.prompt_share
        return np.minimum(np.searchsorted(np.asarray(self.quanta()), need), self.levels - 1).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preemption(Decision):
    """What happens to a cache whose room is needed, and whose it is.

    `swaps`: it goes to the host and comes back over the same link, else it is computed again. `overlaps`: it moves
    while others compute, and a step takes the longer of the two. `victim`: the request that was let in last, or the one
    that is last in order.
    """

    family: ClassVar[str] = "preemption"
    swaps: bool
    victim: Literal["newest", "last"] = "newest"
    overlaps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing(Decision):
    """Which replica a request goes to when it arrives: of the `candidates`, the one with the least score.

    The score adds `request_weight` for every request that a replica has, `work_weight` for every token of them
    (prompts, and answers as predicted), and takes off `prefix_weight` for every token of the prompt that it has cached.
    """

    family: ClassVar[str] = "routing"
    candidates: Literal["all", "turn", "two", "home"] = "all"
    request_weight: float = 0.0
    work_weight: float = 0.0
    prefix_weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools(Decision):
    """Replicas that only read prompts hand requests to replicas that decode.

    `prefill_share`: of the replicas, where the deployment does not say how many. `layerwise`: caches leave layer by
    layer while the prompt is still being read.
    """

    family: ClassVar[str] = "pools"
    layerwise: bool
    prefill_share: float = 0.5
    with_batching: str = "vllm"
    with_routing: str = "least-requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One value of each family, and a name for all of them together."""

    name: str
    batching: Batching
    memory: Memory
    order: Order
    preemption: Preemption
    routing: Routing
    pools: Pools | None = None
    max_num_seqs: int = field(default=256)
