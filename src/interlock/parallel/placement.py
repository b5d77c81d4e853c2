"""From the operators of a whole model to those of one chip of a parallel group, with the collectives between them.

keeps: over the chips of a group, FLOP and weight bytes add up to the whole model's, except where chips must repeat:
       KV heads beyond `ways`, latents, norms and other replicated work.
source: Shoeybi et al. 2019 (tensor parallelism), Korthikanti et al. 2022 (sequence parallelism), Lepikhin et al. 2020
        (experts, all-to-all).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from interlock.models.context import present
from interlock.models.routing import active_experts, busiest_share
from interlock.operators import Array, Communication, Kind, Operator, Split
from interlock.parallel.parallelism import Parallelism


def place(operators: Sequence[Operator], parallelism: Parallelism, boundary_bytes: Array = 0.0) -> list[Operator]:
    """What one chip of the group runs.

    Args:
        operators: of the whole model.
        parallelism: the degrees.
        boundary_bytes: what passes from one pipeline stage to the next.
    """
    placed: list[Operator] = []
    for operator in operators:
        placed += _PLACE[operator.split](operator, parallelism)
    if np.any(np.asarray(parallelism.pipeline) > 1):
        placed.append(_transfer(parallelism, boundary_bytes))
    return placed


def _ways(operator: Operator, p: Parallelism) -> Array:
    return p.tensor if operator.ways is None else np.minimum(p.tensor, operator.ways)


def _replicated(operator: Operator, _p: Parallelism) -> list[Operator]:
    return [operator]


def _rows(o: Operator, p: Parallelism) -> list[Operator]:
    if not p.sequence:
        return [o]
    t = p.tensor
    return [replace(o, m=o.m / t, flop=o.flop / t, input_bytes=o.input_bytes / t, output_bytes=o.output_bytes / t)]


def _column(o: Operator, p: Parallelism) -> list[Operator]:
    w = _ways(o, p)
    local = replace(o, flop=o.flop / w, weight_bytes=o.weight_bytes / w, state_bytes=o.state_bytes / w)
    if o.kind is Kind.EMBEDDING:  # each chip looks up the rows it has; the sum over chips completes the others
        return [local, *_after(o, p)]
    local = replace(local, n=o.n / w, output_bytes=o.output_bytes / w)
    if o.kind is not Kind.MATMUL:
        local = replace(local, input_bytes=o.input_bytes / w)
    return [local, *_after(o, p)]


def _row(o: Operator, p: Parallelism) -> list[Operator]:
    w = _ways(o, p)
    local = replace(o, k=o.k / w, flop=o.flop / w, weight_bytes=o.weight_bytes / w, input_bytes=o.input_bytes / w)
    return [local, *_after(o, p)]


def _heads(o: Operator, p: Parallelism) -> list[Operator]:
    t = p.tensor
    kv = t if o.kv_ways is None else np.minimum(t, o.kv_ways)
    local = replace(
        o,
        flop=o.flop / t,
        input_bytes=o.input_bytes / t,
        output_bytes=o.output_bytes / t,
        kv_bytes=o.kv_bytes / kv,
        attending=None
        if o.attending is None
        else replace(o.attending, heads=o.attending.heads / t, kv_heads=o.attending.kv_heads / kv),
    )
    return [replace(local, batch=o.batch / t) if o.kind is Kind.ATTENTION else replace(local, n=o.n / t)]


def _experts(o: Operator, p: Parallelism) -> list[Operator]:
    """Experts over ranks: each chip gets its share of the tokens of all groups, and the busiest one sets the pace."""
    groups, cut = p.attention_groups, p.expert_tensor
    here = groups / p.expert
    column = o.split is Split.EXPERT_COLUMN
    into, out = (1.0, cut) if column else (cut, 1.0)
    local = replace(
        o,
        flop=o.flop * here / cut,
        input_bytes=o.input_bytes * here / (into if o.kind is Kind.MATMUL else cut),
        output_bytes=o.output_bytes * here / out,
    )
    if o.routing is None:
        return [replace(local, m=o.m * here, n=o.n / cut)]
    r = o.routing
    before = active_experts(r.experts, r.top_k, r.skew, r.tokens)
    after = active_experts(r.experts, r.top_k, r.skew, r.tokens * groups)
    grown = after / np.where(before > 0, before, 1.0)
    local = replace(
        local,
        batch=after / p.expert,
        m=r.tokens * groups * r.top_k / np.where(after > 0, after, 1.0),
        n=o.n / out,
        k=o.k / into,
        weight_bytes=o.weight_bytes * grown / (p.expert * cut),
        load=busiest_share(r.experts, r.top_k, r.skew, p.expert),
        routing=replace(r, tokens=r.tokens * groups, expert=p.expert, tensor=cut),
    )
    return [local] if column else [local, *_expert_sums(o, p)]


def _expert_sums(o: Operator, p: Parallelism) -> list[Operator]:
    """Inside a replica, the usual all-reduce; across replicas, tokens travel to their experts and back."""
    assert o.routing is not None
    groups = p.attention_groups
    spans = present(groups - 1.0)
    whole = o.output_bytes / o.routing.top_k
    inside = replace(o, output_bytes=whole * (1.0 - spans))
    found = _after(inside, p)
    if np.any(spans > 0):
        load = busiest_share(o.routing.experts, o.routing.top_k, o.routing.skew, p.expert)
        for direction in ("dispatch", "combine"):
            found.append(
                _collective(
                    o,
                    f"{o.name}.{direction}",
                    Communication.ALL_TO_ALL,
                    o.output_bytes * groups * spans,
                    p.expert,
                    load,
                )
            )
        found.append(_collective(o, f"{o.name}.gather", Communication.ALL_GATHER, whole * spans, p.tensor))
    return found


def _after(o: Operator, p: Parallelism) -> list[Operator]:
    if o.communication is None or not np.any(np.asarray(p.tensor) > 1):
        return []
    if o.communication is Communication.ALL_REDUCE and p.sequence:
        return [
            _collective(o, f"{o.name}.reduce_scatter", Communication.REDUCE_SCATTER, o.output_bytes, p.tensor),
            _collective(o, f"{o.name}.all_gather", Communication.ALL_GATHER, o.output_bytes, p.tensor),
        ]
    name = f"{o.name}.{o.communication.value.replace('-', '_')}"
    return [_collective(o, name, o.communication, o.output_bytes, p.tensor)]


def _collective(
    o: Operator, name: str, communication: Communication, message: Array, group: Array, load: Array = 1.0
) -> Operator:
    return Operator(
        name=name,
        block="communication",
        kind=Kind.COLLECTIVE,
        count=o.count,
        communication=communication,
        message_bytes=message,
        group=group,
        launches=present(message) * present(np.asarray(group) - 1.0),
        load=load,
    )


def _transfer(p: Parallelism, boundary_bytes: Array) -> Operator:
    """Activations to the next stage: each chip of a tensor-parallel group sends its share to its counterpart."""
    stages = np.asarray(p.pipeline) - 1.0
    return Operator(
        name="pipeline.send",
        block="communication",
        kind=Kind.TRANSFER,
        count=stages,
        communication=Communication.POINT_TO_POINT,
        message_bytes=boundary_bytes / p.tensor,
        group=p.tensor * p.pipeline,  # beyond the scale-up domain, every hop is charged the network
        launches=present(stages),
    )


_PLACE = {
    Split.REPLICATED: _replicated,
    Split.ROWS: _rows,
    Split.COLUMN: _column,
    Split.ROW: _row,
    Split.HEADS: _heads,
    Split.EXPERT_COLUMN: _experts,
    Split.EXPERT_ROW: _experts,
}
