"""One simulation: requests, a clock, a policy and memory in; when every request got its tokens out.

keeps: the same decisions with and without Numba; the same result for the same requests, policy and seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, MissingExtraError
from interlock.serving.clock import StepClock
from interlock.serving.core import compiled as numba_twin
from interlock.serving.core import route
from interlock.serving.core.loop import advance
from interlock.serving.core.state import BINS, CELLS, COLUMNS, FLOATS, REPLICA, REQUEST, RULES, records
from interlock.serving.policy import UNLIMITED, Policy
from interlock.serving.refusals import refuse
from interlock.serving.speculation import NONE, Speculation
from interlock.workloads.requests import Requests

_QUICK: Final = 5000  # requests that the interpreter simulates sooner than compiled code is loaded
_MOST: Final = 2**30  # tokens of one request, which compiled records keep in 32 bits
_CHOICES: Final = {"all": route.ALL, "turn": route.TURN, "two": route.TWO, "home": route.HOME}
_GROUPS: Final = {"none": 0, "clients": 1, "levels": 2}
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What is simulated: replicas of one kind. `swap_s` is seconds a token to or from the host; below 0, no host.

    Where the policy has pools, the first `prefill_replicas` read prompts (0: the policy's share), and caches take
    `transfer_latency_s` and `transfer_s` a token to the others; below 0, no link.
    """

    clock: StepClock
    kv_tokens: int
    replicas: int = 1
    longest: int = 2**17
    swap_s: float = -1.0
    concurrency: int = UNLIMITED
    prefill_replicas: int = 0
    transfer_s: float = -1.0
    transfer_latency_s: float = 0.0
    transfer_layers: int = 1
    speculation: Speculation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What happened. Columns over requests in order of arrival; `replicas` has a row each; `segments` is the trace."""

    requests: Requests
    policy: Policy
    engine: Engine
    arrival_s: Floats
    admitted_s: Floats
    first_s: Floats
    finish_s: Floats
    replica: NDArray[np.int64]
    preempted: NDArray[np.int64]
    cached: NDArray[np.int64]
    sent_s: Floats  # -1 where no cache went from one replica to another
    landed_s: Floats
    replicas: dict[str, Any]
    gaps: NDArray[np.int64]
    segments: Floats
    blocks: int
    compiled: bool


def simulate(
    requests: Requests,
    engine: Engine,
    policy: Policy,
    *,
    trace_rows: int = 0,
    compiled: bool | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Serve all requests.

    Args:
        requests: what comes.
        engine: clock, memory and number of replicas.
        policy: the decisions.
        trace_rows: most segments of the trace to keep.
        compiled: through Numba or not; if None, where it is installed and the run is long enough to be worth it.
        seed: of routers that draw.
        progress: called with requests that have arrived and all of them.

    Raises:
        InputError: a request that no replica can hold.
        MissingExtraError: compiled asked for without Numba.
    """
    if compiled and not numba_twin.available():
        raise MissingExtraError("compiled simulation", "fast")
    if compiled is None:
        compiled = numba_twin.available() and (len(requests) > (_QUICK if numba_twin.kept() else 40 * _QUICK))
    drafting = engine.speculation
    world = _world(requests, engine, policy, trace_rows, compiled=compiled, seed=seed)
    step: Callable[..., Any] = numba_twin.compiled(advance) if compiled else advance
    clocks = (engine.clock,) * 3 if drafting is None else (engine.clock, drafting.verify, drafting.draft)
    tables = [
        tuple(table if compiled else table.tolist() for table in quantity)
        for quantity in ([clock.seconds for clock in clocks], [clock.joules for clock in clocks])
    ]
    parts = 40 if progress else 1
    for part in range(1, parts + 1):
        step(world.req, world.rep, world.cells, world.floats, world.rules[0], *tables, len(requests) * part // parts)
        if progress:
            progress(part, parts)
    return _outcome(requests, engine, policy, world)


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """Everything that changes, and the rules with the places of the cells."""

    req: Any
    rep: Any
    cells: Any
    floats: Any
    rules: Any
    places: dict[str, tuple[int, int]]
    compiled: bool

    def cell(self, name: str) -> NDArray[Any]:
        """A copy of one area."""
        at, size = self.places[name]
        return np.asarray((self.floats if name in FLOATS else self.cells)[at : at + size])


def split(engine: Engine, policy: Policy) -> int:
    """How many replicas only read prompts.

    Raises:
        InputError: pools that leave one side empty, or no link between them.
    """
    if policy.pools is None:
        return 0
    found = engine.prefill_replicas or max(round(policy.pools.prefill_share * engine.replicas), 1)
    if not 0 < found < engine.replicas:
        accepted = "at least one replica that reads prompts (--prefill-replicas) and one that decodes"
        raise InputError("--replicas", f"{found} of {engine.replicas} to read prompts", accepted)
    if engine.transfer_s < 0:
        raise InputError("--chip", "no link whose bandwidth is published", f"one to move caches over ({policy.name})")
    return int(found)


def expected_outputs(requests: Requests, policy: Policy) -> NDArray[np.int64]:
    """Answer lengths as a predictor with log-normal error of the given spread sees them."""
    order = policy.order
    if order.predictor_error == 0:
        return requests.output
    noise = np.random.default_rng(order.seed).normal(0.0, order.predictor_error, len(requests))
    return np.maximum(np.rint(requests.output * np.exp(noise)), 1).astype(np.int64)


def reserved_tokens(requests: Requests, policy: Policy, engine: Engine) -> NDArray[np.int64]:
    """Tokens set aside for each request when it is let in, at least its prompt and one more."""
    kinds: dict[str, Any] = {
        "prompt": requests.prompt,
        "longest": np.full(len(requests), min(engine.longest, _MOST)),
        "predicted": np.minimum(requests.prompt + expected_outputs(requests, policy), _most(policy, engine)),
        "exact": requests.prompt + requests.output,
    }
    least: NDArray[np.int64] = np.maximum(kinds[policy.memory.reserve], requests.prompt + 1).astype(np.int64)
    return least


def _most(policy: Policy, engine: Engine) -> int:
    """Tokens of the longest sequence that a replica can hold."""
    block = policy.memory.block
    return min(engine.longest, engine.kv_tokens // block * block, _MOST)


def _world(requests: Requests, engine: Engine, policy: Policy, trace_rows: int, *, compiled: bool, seed: int) -> _World:
    """Rules as numbers, and everything that changes."""
    order, memory = policy.order, policy.memory
    blocks = engine.kv_tokens // memory.block
    shares = memory.shares_prefixes and requests.prefix.size > 0
    if shares and requests.prefix_tokens % memory.block:
        found = f"prefix blocks of {requests.prefix_tokens} tokens"
        raise InputError("--trace", found, f"a multiple of the memory's blocks of {memory.block}")
    reserve = reserved_tokens(requests, policy, engine)
    prefills, drafting, limited = split(engine, policy), engine.speculation or NONE, engine.concurrency < UNLIMITED
    refuse(requests, policy, reserve, blocks, engine.longest, limited=limited, drafts=drafting.drafts)
    expected = expected_outputs(requests, policy)
    n, R, S = len(requests), engine.replicas, policy.max_num_seqs
    groups = {"none": 1, "clients": int(requests.client.max()) + 1, "levels": order.levels}[order.groups]
    width = int(requests.prefix.max()) + 1 if shares else 1
    sizes = {
        "R S": R * S, "R 4S": 4 * R * S, "R b": R * memory.block, "R G": R * groups, "L": order.levels,
        "P": max(requests.prefix.size, 1), "R H": R * width, "N": max(int(requests.session.max()), 0) + 1, "B": BINS,
        "4": 4, "S": S, "T": max(trace_rows, 1) * COLUMNS, "K": max(drafting.drafts, 1),
    }  # fmt: skip
    given: dict[str, Any] = {
        "quanta": order.quanta(),
        "marks": [0, seed % 2**31, 0, 0],
        **dict.fromkeys(("roots", "pinned", "older", "newer", "home"), -1),
    }
    if shares:
        given["prefix"] = requests.prefix
    places: dict[str, tuple[int, int]] = {}
    for areas in (CELLS, FLOATS):
        at = 0
        for name, extent in areas.items():
            places[name] = at, sizes[extent]
            at += sizes[extent]
    cells = np.zeros(sum(sizes[extent] for extent in CELLS.values()), dtype=np.int64)
    for name, value in given.items():
        at, size = places[name]
        cells[at : at + size] = value
    floats = np.zeros(sum(sizes[extent] for extent in FLOATS.values()))
    at, size = places["survival"]
    floats[at : at + drafting.drafts] = drafting.survival
    rules = _rules(requests, engine, policy, blocks, trace_rows, shares=shares) | {"prefills": prefills}
    rules |= {"groups": groups, "prefix_blocks": width, **{name: at for name, (at, _) in places.items()}}
    level = order.first_level(requests.prompt) if order.groups == "levels" else np.zeros(n, dtype=np.int64)
    req = records(
        REQUEST,
        n,
        {
            "arrival": requests.arrival_s, "key": np.asarray(order.key(requests, expected.astype(float)), dtype=float),
            "prompt": requests.prompt, "output": requests.output, "client": requests.client,
            "session": requests.session, "expected": expected * requests.samples, "reserve": reserve, "level": level,
            "prefix_at": requests.prefix_at[:-1] if shares else np.zeros(n, dtype=np.int64),
            "prefixes": np.diff(requests.prefix_at) if shares else np.zeros(n, dtype=np.int64),
            "luck": drafting.luck(n), "width": requests.samples,
        },
        compiled=compiled,
        whole="i4",
    )  # fmt: skip
    rep = records(REPLICA, R, {"free": np.full(R, blocks)}, compiled=compiled)
    return _World(
        req=req, rep=rep, cells=cells if compiled else cells.tolist(), floats=floats if compiled else floats.tolist(),
        rules=records(RULES, 1, {name: [value] for name, value in rules.items()}, compiled=compiled), places=places,
        compiled=compiled,
    )  # fmt: skip


def _rules(
    requests: Requests, engine: Engine, policy: Policy, blocks: int, trace_rows: int, *, shares: bool
) -> dict[str, float]:
    batching, memory, order, routing = policy.batching, policy.memory, policy.order, policy.routing
    return dict(  # noqa: C408 (names as in the rules)
        replicas=engine.replicas, seqs=policy.max_num_seqs, budget=batching.token_budget,
        counts_decodes=int(batching.counts_decodes), chunked=int(batching.chunked), mixed=int(batching.mixed),
        max_chunks=batching.prompts, gang=batching.gang, gang_wait=float(batching.wait_s), block=memory.block,
        blocks=blocks, watermark=int(memory.watermark * blocks), grows=int(memory.grows),
        longest=_most(policy, engine),
        swap_s=float(engine.swap_s) if policy.preemption.swaps else -1.0,
        worst_first=int(policy.preemption.victim == "last" or order.groups == "levels"),
        grouping=_GROUPS[order.groups], prompt_weight=float(order.prompt_weight),
        token_weight=float(order.token_weight), preemptive=int(order.groups == "levels"),
        choice=_CHOICES[routing.candidates], request_weight=float(routing.request_weight),
        work_weight=float(routing.work_weight), prefix_weight=float(routing.prefix_weight),
        prefix_tokens=requests.prefix_tokens if shares else 0, trace_rows=trace_rows,
        unit_j=float(engine.clock.knows_energy),
        concurrency=engine.concurrency, transfer_s=max(float(engine.transfer_s), 0.0),
        transfer_latency=float(engine.transfer_latency_s),
        transfer_layers=engine.transfer_layers if policy.pools is not None and policy.pools.layerwise else 1,
        promote_s=float(order.promote_s), overlaps=int(policy.preemption.overlaps and engine.swap_s >= 0),
        foresees=int(memory.foresees),
        drafts=(engine.speculation or NONE).drafts, drafts_up_to=(engine.speculation or NONE).most,
    )  # fmt: skip


def _outcome(requests: Requests, engine: Engine, policy: Policy, world: _World) -> Outcome:
    def column(rows: Any, name: str) -> Any:
        return rows[name].copy() if world.compiled else np.asarray([getattr(row, name) for row in rows])

    rows = int(world.cell("marks")[0])
    req, rep = world.req, world.rep
    return Outcome(
        requests=requests, policy=policy, engine=engine, arrival_s=column(req, "arrival"),
        admitted_s=column(req, "admitted"), first_s=column(req, "first"), finish_s=column(req, "finish"),
        replica=column(req, "replica"), preempted=column(req, "preempted"), cached=column(req, "cached"),
        sent_s=column(req, "sent"), landed_s=column(req, "landed"),
        replicas={name: column(rep, name) for name in REPLICA}, gaps=world.cell("gaps").copy(),
        segments=world.cell("trace")[: rows * COLUMNS].reshape(rows, COLUMNS).copy(),
        blocks=engine.kv_tokens // policy.memory.block, compiled=world.compiled,
    )  # fmt: skip
