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
from interlock.serving.core import compiled as numba_twin
from interlock.serving.core import route
from interlock.serving.core.loop import advance
from interlock.serving.core.state import BINS, CELLS, COLUMNS, FLOATS, REPLICA, REQUEST, RULES, records
from interlock.serving.engine import Engine, Group, split
from interlock.serving.foreseen import expected_outputs, most, reserved_tokens
from interlock.serving.policy import UNLIMITED, Policy
from interlock.serving.refusals import refuse
from interlock.serving.speculation import NONE
from interlock.workloads.requests import Requests

_QUICK: Final = 5000  # requests that the interpreter simulates sooner than compiled code is loaded
_CHOICES: Final = {"all": route.ALL, "turn": route.TURN, "two": route.TWO, "home": route.HOME}
_GROUPS: Final = {"none": 0, "clients": 1, "levels": 2}
Floats = NDArray[np.float64]


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
    rerouted: NDArray[np.int64]
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
    world = _world(requests, engine, policy, trace_rows, compiled=compiled, seed=seed)
    step: Callable[..., Any] = numba_twin.compiled(advance) if compiled else advance
    tables = _tables(engine, "seconds"), _tables(engine, "joules")
    if not compiled:
        tables = tables[0].tolist(), tables[1].tolist()
    parts = 40 if progress else 1
    for part in range(1, parts + 1):
        step(world.req, world.rep, world.cells, world.floats, world.rules[0], *tables, len(requests) * part // parts)
        if progress:
            progress(part, parts)
    found = _outcome(requests, engine, policy, world)
    left = int(np.sum(found.finish_s < 0))
    if left:
        accepted = "one that comes up again, or stays"
        raise InputError("--faults", f"no replica for {left} requests after the last event", accepted)
    return found


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


def _world(requests: Requests, engine: Engine, policy: Policy, trace_rows: int, *, compiled: bool, seed: int) -> _World:
    """Rules as numbers, and everything that changes."""
    order, memory = policy.order, policy.memory
    held = np.repeat([g.kv_tokens // memory.block for g in engine.groups], [g.replicas for g in engine.groups])
    shares = memory.shares_prefixes and requests.prefix.size > 0
    if shares and requests.prefix_tokens % memory.block:
        found = f"prefix blocks of {requests.prefix_tokens} tokens"
        raise InputError("--trace", found, f"a multiple of the memory's blocks of {memory.block}")
    reserve = reserved_tokens(requests, policy, engine)
    prefills, drafting, limited = split(engine, policy), engine.speculation or NONE, engine.concurrency < UNLIMITED
    refuse(requests, policy, reserve, int(held.min()), engine.longest, limited=limited, drafts=drafting.drafts)
    expected = expected_outputs(requests, policy)
    n, R, S = len(requests), engine.lanes, policy.max_num_seqs
    groups = {"none": 1, "clients": int(requests.client.max()) + 1, "levels": order.levels}[order.groups]
    width = int(requests.prefix.max()) + 1 if shares else 1
    events = engine.lives.events_of(R)
    sizes = {
        "R S": R * S, "R 4S": 4 * R * S, "R b": R * memory.block, "R G": R * groups, "L": order.levels,
        "P": max(requests.prefix.size, 1), "R H": R * width, "N": max(int(requests.session.max()), 0) + 1, "B": BINS,
        "2": 2, "3": 3, "4": 4, "S": S, "E": max(len(events), 1), "T": max(trace_rows, 1) * COLUMNS,
        "K": max(drafting.drafts, 1),
    }  # fmt: skip
    given: dict[str, Any] = {
        "quanta": order.quanta(),
        "marks": [0, seed % 2**31, 0, 0],
        "life": [0, -1, int(engine.lives.up_at_first(R).sum())],
        **({"event_of": events.replica, "event_kind": events.kind} if len(events) else {}),
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
    for name, value in (("event_at", events.at_s if len(events) else 0.0), ("times", [0.0, events.first_s])):
        at, size = places[name]
        floats[at : at + size] = value
    rules = _rules(requests, engine, policy, trace_rows, shares=shares) | {"prefills": prefills, "events": len(events)}
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
            "width": requests.samples, **({"luck": drafting.luck(n)} if drafting.drafts else {}),
        },
        compiled=compiled,
        whole="i4",
    )  # fmt: skip
    rep = records(REPLICA, R, _replicas(requests, engine, held, memory.watermark), compiled=compiled)
    return _World(
        req=req, rep=rep, cells=cells if compiled else cells.tolist(), floats=floats if compiled else floats.tolist(),
        rules=records(RULES, 1, {name: [value] for name, value in rules.items()}, compiled=compiled), places=places,
        compiled=compiled,
    )  # fmt: skip


def _replicas(requests: Requests, engine: Engine, held: NDArray[np.int64], watermark: float) -> dict[str, Any]:
    up = engine.lives.up_at_first(held.size)
    return {
        "free": held, "blocks": held, "watermark": (watermark * held).astype(np.int64), "up": up.astype(np.int64),
        "kind_of": np.repeat(np.arange(len(engine.groups)), [group.replicas for group in engine.groups]),
        "bought": np.where(up, requests.arrival_s[0], -1.0),
    }  # fmt: skip


def _tables(engine: Engine, quantity: str) -> Any:
    """Tables of every kind of replica: of a step, of one that verifies drafts, of one that drafts."""
    drafting = engine.speculation
    steps = [[getattr(group.clock, quantity)] * 3 for group in engine.groups]
    if drafting is not None:
        if engine.more:
            raise InputError("--speculate", "replicas of several kinds", "replicas of one kind")
        steps = [[getattr(clock, quantity) for clock in (engine.clock, drafting.verify, drafting.draft)]]
    tables = np.zeros((len(steps), 3, max(table.size for kind in steps for table in kind)))
    for kind, three in enumerate(steps):
        for i, table in enumerate(three):
            tables[kind, i, : table.size] = table
    return tables


def _rules(requests: Requests, engine: Engine, policy: Policy, trace_rows: int, *, shares: bool) -> dict[str, float]:
    batching, memory, order, routing = policy.batching, policy.memory, policy.order, policy.routing
    return dict(  # noqa: C408 (names as in the rules)
        replicas=engine.lanes, seqs=policy.max_num_seqs, budget=batching.token_budget,
        counts_decodes=int(batching.counts_decodes), chunked=int(batching.chunked), mixed=int(batching.mixed),
        max_chunks=batching.prompts, gang=batching.gang, gang_wait=float(batching.wait_s), block=memory.block,
        grows=int(memory.grows), longest=most(policy, engine),
        swap_s=float(engine.swap_s) if policy.preemption.swaps else -1.0,
        worst_first=int(policy.preemption.victim == "last" or order.groups == "levels"),
        grouping=_GROUPS[order.groups], prompt_weight=float(order.prompt_weight),
        token_weight=float(order.token_weight), preemptive=int(order.groups == "levels"),
        choice=_CHOICES[routing.candidates], request_weight=float(routing.request_weight),
        work_weight=float(routing.work_weight), prefix_weight=float(routing.prefix_weight),
        prefix_tokens=requests.prefix_tokens if shares else 0, trace_rows=trace_rows,
        unit_j=float(all(group.clock.knows_energy for group in engine.groups)),
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
        rerouted=column(req, "rerouted"), compiled=world.compiled,
    )  # fmt: skip


__all__ = ["Engine", "Group", "Outcome", "simulate"]
