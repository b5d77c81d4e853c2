"""The operators of one micro batch on one chip of a tensor-parallel group: forward, and what backward makes of each.

idea:    a product with weights has two products behind it, for the input's and the weights' gradient. Attention whose
         scores never reach memory computes them again, five products for two; otherwise each of its two products has
         two, and softmax and dropout pass over the scores. A pass over elements reads, backward, what it read and
         wrote. Collectives of a forward have conjugate ones of the same size.
source:  Shoeybi et al. 2019 (f and g); Korthikanti et al. 2022 (sequence parallelism); Dao 2023 (FlashAttention-2).
symbols: P scores: sequences x heads x queries x keys.
departs: the logits stay cut over the vocabulary (parallel cross entropy), so nothing gathers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from interlock.models import Step, lower
from interlock.operators import Kind, Operator, Split
from interlock.parallel import Parallelism, place
from interlock.training.job import Job

_ENDS: Final = ("embedding", "head")
_FUSED_BACKWARD: Final = 2.5  # five products for two
_SCORE_BYTES: Final = 2.0
_MASK_BYTES: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Operators of the layers and of each end of the pipeline; `core` is what selective recomputation repeats."""

    layers: tuple[Operator, ...]
    embedding: tuple[Operator, ...]
    head: tuple[Operator, ...]
    core: tuple[Operator, ...]


def forward(job: Job) -> Passes:
    """One micro batch through the whole model."""
    step = Step(prefill_sequences=job.microbatch, prefill_tokens=job.tokens, logits="all")
    whole = [o for o in lower(job.model, step, job.formats) if o.kind is not Kind.SAMPLING]
    p = replace(job.parallelism, pipeline=1, data=1)
    layers: list[Operator] = []
    core: list[Operator] = []
    for operator in place([o for o in whole if o.block not in _ENDS], p):
        if operator.kind is Kind.ATTENTION:
            parts = [operator] if job.fused_attention else _unfused(operator, job)
            core += parts
            layers += parts
        else:
            layers.append(_dropped(operator) if job.dropout and operator.block == "norm" else operator)
    return Passes(
        layers=tuple(layers),
        embedding=tuple(place([o for o in whole if o.block == "embedding"], p)),
        head=tuple(_head([o for o in whole if o.block == "head"], p)),
        core=tuple(core) if not job.fused_attention else (),
    )


def backward(operators: Sequence[Operator], gradient_bytes: float) -> list[Operator]:
    """What follows from some forward operators, the last first."""
    return [behind for o in reversed(operators) for behind in _behind(o, gradient_bytes)]


def _behind(o: Operator, gradient_bytes: float) -> list[Operator]:
    if o.kind in {Kind.COLLECTIVE, Kind.TRANSFER}:
        return [o]
    named = replace(o, name=f"{o.name}.backward")
    if o.kind is Kind.ATTENTION:
        return [
            replace(
                named,
                flop=_FUSED_BACKWARD * o.flop,
                input_bytes=2.0 * o.input_bytes + 2.0 * o.output_bytes,
                kv_bytes=2.0 * o.kv_bytes,
                attending=None,
            )
        ]
    if o.kind is Kind.MATMUL and o.block == "scores":
        return [replace(named, batch=2.0 * o.batch, flop=2.0 * o.flop, input_bytes=2.0 * o.input_bytes,
                        output_bytes=2.0 * o.output_bytes)]  # fmt: skip
    if o.kind is Kind.MATMUL:
        return _products(o, gradient_bytes)
    if o.kind is Kind.EMBEDDING:
        return [replace(named, weight_bytes=0.0, state_bytes=o.m * o.n * 2.0 * gradient_bytes)]
    return [replace(named, flop=2.0 * o.flop, input_bytes=o.input_bytes + o.output_bytes, output_bytes=o.input_bytes)]


def _products(o: Operator, gradient_bytes: float) -> list[Operator]:
    """Gradients of the input, m x k, and of the weights, k x n, which are added to what is there."""
    elements = o.batch * o.k * o.n
    inputs = replace(
        o, name=f"{o.name}.input_gradient", n=o.k, k=o.n, input_bytes=o.output_bytes, output_bytes=o.input_bytes
    )
    weights = replace(
        o,
        name=f"{o.name}.weight_gradient",
        m=o.k,
        k=o.m,
        weight_bytes=0.0,
        input_bytes=o.input_bytes + o.output_bytes,
        output_bytes=0.0,
        state_bytes=2.0 * gradient_bytes * elements,
        launches=1.0,
    )
    return [inputs, weights]


def _unfused(o: Operator, job: Job) -> list[Operator]:
    """Scores, softmax, dropout and weighted sum as kernels of their own, over the full square."""
    scores = o.batch * o.m * o.n
    flop = 2.0 * scores * o.k
    base = replace(o, kind=Kind.ELEMENTWISE, block="scores", flop=0.0, dense_flop=None, kv_bytes=0.0, attending=None)
    product = replace(base, kind=Kind.MATMUL, flop=flop, weight_bytes=o.kv_bytes / 2.0)
    rows = replace(base, m=o.batch * o.m, batch=1.0, flop=5.0 * scores)
    width = scores * _SCORE_BYTES
    found = [
        replace(product, name=f"{o.name}.scores", input_bytes=o.input_bytes, output_bytes=width),
        replace(rows, name=f"{o.name}.softmax", input_bytes=width, output_bytes=width),
    ]
    if job.dropout:
        kept = width + scores * _MASK_BYTES
        found.append(replace(rows, name=f"{o.name}.dropout", input_bytes=width, output_bytes=kept))
    last = replace(product, name=f"{o.name}.sum", n=o.k, k=o.n, input_bytes=width, output_bytes=o.output_bytes)
    return [*found, last]


def _dropped(o: Operator) -> Operator:
    """A norm whose sum with the stream is a pass of its own, with a mask: five and a half widths for four."""
    return replace(o, input_bytes=1.5 * o.input_bytes, output_bytes=1.25 * o.output_bytes)


def _head(operators: Sequence[Operator], p: Parallelism) -> list[Operator]:
    """Final norm, logits, and the cross entropy over them in 32 bits."""
    found: list[Operator] = []
    for o in operators:
        logits = o.kind is Kind.MATMUL and o.name.endswith("logits")
        found.append(replace(o, communication=None) if logits else o)
        if logits:
            loss = replace(
                o,
                name="cross_entropy",
                kind=Kind.ELEMENTWISE,
                split=Split.COLUMN,
                flop=5.0 * o.m * o.n,
                weight_bytes=0.0,
                input_bytes=o.output_bytes,
                output_bytes=o.m * o.n * 4.0,
                communication=None,
            )
            found.append(loss)
    return place(found, p)
