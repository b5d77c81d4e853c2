"""The kernels of a step as a serving stack runs them: some are part of others, and time of its own comes on top.

idea:    a fused operator takes no time of its own: it rides on the kernel before it. What remains takes its time at
         the stack's pace, and something for each launch. The stack's own time enters as operators of the block "host",
         so that a step is the sum of its operators here, too.
keeps:   the sum over operators is the stack's weights times the step's work (`Stack.seconds`).
departs: bytes that a fused operator would have moved are not counted anywhere; norms ride on the all-reduce of small
         messages without making it slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from interlock.cost.operator_time import OperatorTime
from interlock.cost.stack import PARTS, Stack, Work
from interlock.operators import Array, Communication, Kind, Operator

HOST: Final = "host"  # the block of what the stack adds


def fuse(stack: Stack, operators: Sequence[Operator], times: Sequence[OperatorTime]) -> list[OperatorTime]:
    """The times with nothing for operators that are part of another kernel."""
    reduced = _reduced(stack, operators)
    found = []
    for o, time in zip(operators, times, strict=True):
        if o.name.rpartition(".")[2] in stack.fused:
            found.append(_scaled(time, 0.0))
        elif o.block == "norm" and np.any(reduced):
            found.append(_scaled(time, np.where(reduced, 0.0, 1.0)))
        else:
            found.append(time)
    return found


def work_of(operators: Sequence[Operator], times: Sequence[OperatorTime], stages: Array, vocabulary: float) -> Work:
    """How much there is of each part; what is fused launches nothing."""
    kernels: Array = 0.0
    grouped: Array = 0.0
    launches: Array = 0.0
    collectives: Array = 0.0
    rows: Array = 0.0
    for o, time in zip(operators, times, strict=True):
        if _groups(o):
            grouped = grouped + time.time * o.count
        else:
            kernels = kernels + time.time * o.count
        if o.kind is Kind.COLLECTIVE:
            collectives = collectives + o.launches * o.count
        elif o.kind is not Kind.TRANSFER:
            launches = launches + o.launches * o.count * (np.asarray(time.time) > 0)
        if o.kind is Kind.SAMPLING:
            rows = rows + o.m * stages
    columns = (kernels, grouped, launches, np.asarray(stages) * 1.0, rows, rows * vocabulary, collectives)
    assert len(columns) == len(PARTS)
    return np.stack(np.broadcast_arrays(*columns))


def run(
    stack: Stack, operators: Sequence[Operator], times: Sequence[OperatorTime], work: Work
) -> list[tuple[Operator, OperatorTime]]:
    """Operators with their times under a stack, and then what the stack adds of its own."""
    found = []
    for o, time in zip(operators, times, strict=True):
        extra = {Kind.COLLECTIVE: stack.collective_s, Kind.TRANSFER: 0.0}.get(o.kind, stack.launch_s)
        pace = stack.grouped_ratio if _groups(o) else stack.pace_ratio
        found.append((o, _under(time, 1.0 / pace, o.launches * extra)))
    gap = _gap(stack, work)
    if np.any(np.asarray(gap) > 0):
        found.append(_own("launching", gap / stack.pace_ratio))
    if stack.step_s:
        found.append(_own("schedule", stack.step_s, count=work[3]))
    each = stack.sequence_s * work[4] + stack.logit_s * work[5]
    if np.any(each > 0):
        found.append(_own("sequences", each, block="head"))
    return found


def waited(stack: Stack, work: Work) -> Work:
    """The work with the kernels' seconds and what they wait for a host that launches them one by one."""
    if not stack.host_s:
        return work
    whole = work.copy()
    whole[0] = whole[0] + _gap(stack, work)
    return whole


def _groups(o: Operator) -> bool:
    """Whether several heads of an attention kernel share keys and values."""
    a = o.attending
    return a is not None and not a.latent and bool(np.any(np.asarray(a.kv_heads) < np.asarray(a.heads)))


def _gap(stack: Stack, work: Work) -> Any:
    return np.maximum((work[2] + work[6]) * stack.host_s - work[0] - work[1], 0.0) if stack.host_s else 0.0


def _reduced(stack: Stack, operators: Sequence[Operator]) -> Any:
    """Whether the norms of the layers are part of the all-reduce before them."""
    if not stack.reduced_bytes:
        return False
    for o in operators:
        if o.communication is Communication.ALL_REDUCE and o.kind is Kind.COLLECTIVE:
            return (np.asarray(o.group) > 1) & (np.asarray(o.message_bytes) <= stack.reduced_bytes)
    return False


def _scaled(time: OperatorTime, share: Any) -> OperatorTime:
    return replace(
        time,
        kernel=np.asarray(time.time) * share,
        low=None if time.low is None else time.low * share,
        high=None if time.high is None else time.high * share,
        off_chip_bytes=time.off_chip_bytes * share,
        cache_bytes=time.cache_bytes * share,
    )


def _under(time: OperatorTime, slower: float, extra: Any) -> OperatorTime:
    before = np.asarray(time.time)
    extra = np.where(before > 0, extra, 0.0)
    return replace(
        time,
        kernel=before * slower + extra,
        low=None if time.low is None else time.low * slower + extra,
        high=None if time.high is None else time.high * slower + extra,
    )


def _own(name: str, seconds: Any, *, count: Any = 1.0, block: str = HOST) -> tuple[Operator, OperatorTime]:
    o = Operator(name=name, block=block, kind=Kind.HOST, count=count, launches=0.0)
    none = 0.0
    time = OperatorTime(
        compute=none, memory=none, cache=none, network=none, launch=seconds, off_chip_bytes=none, cache_bytes=none,
        kernel=seconds, low=seconds, high=seconds,
    )  # fmt: skip
    return o, time
