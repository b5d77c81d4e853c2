"""One operator: work, shape and bytes of one kernel, for one candidate or for a column of them.

keeps:   every numeric field is a float or a NumPy array; fields broadcast against each other, so one operator describes
         all candidates that share it, and an axis that does not matter to it has length 1.
symbols: matmul: `batch` products (m, k) x (k, n). attention: m queries against n keys, k the head width,
         `batch` = sequences x heads. Others: m rows of n elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = float | NDArray[Any]

COMPUTE_FORMATS: Final = (
    "fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "fp6", "fp4", "int8", "int4", "int2",
)  # fmt: skip


def compute_code(compute_format: str) -> int:
    """The index by which columns name an operand format."""
    return COMPUTE_FORMATS.index(compute_format)


class Kind(StrEnum):
    """What an operator does; the cost model has one formula for each."""

    MATMUL = "matmul"
    ATTENTION = "attention"
    ELEMENTWISE = "elementwise"
    EMBEDDING = "embedding"
    SCAN = "scan"
    CONVOLUTION = "convolution"
    ROUTING = "routing"
    SAMPLING = "sampling"
    COLLECTIVE = "collective"
    TRANSFER = "transfer"
    HOST = "host"  # what the serving stack adds; no chip works on it


class Split(StrEnum):
    """How tensor or expert parallelism divides an operator."""

    REPLICATED = "replicated"  # every chip does all of it
    COLUMN = "column"  # the n of a matmul: each chip has some outputs
    ROW = "row"  # the k of a matmul: partial sums, so an all-reduce follows
    HEADS = "heads"  # attention or scan heads
    ROWS = "rows"  # m: tokens, divided only under sequence parallelism
    EXPERT_COLUMN = "expert column"  # experts over expert ranks, each expert's n over what remains
    EXPERT_ROW = "expert row"  # the same with k, and the sum over chips that follows


class Communication(StrEnum):
    """What a collective or transfer operator does."""

    ALL_REDUCE = "all-reduce"
    ALL_GATHER = "all-gather"
    REDUCE_SCATTER = "reduce-scatter"
    ALL_TO_ALL = "all-to-all"
    POINT_TO_POINT = "point-to-point"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Expert routing: `tokens` each choose `top_k` of `experts`, whose popularity falls as rank ** -skew.

    An expert has `hidden` inputs and `intermediate` activations, `gated` or not. Placing spreads experts over `expert`
    ranks and cuts each over `tensor` chips; `tokens` are then those of all groups that share the experts.
    """

    experts: int
    top_k: int
    skew: float
    tokens: Array
    hidden: float = 0.0
    intermediate: float = 0.0
    gated: bool = True
    expert: Array = 1.0
    tensor: Array = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attending:
    """What one attention kernel is called with, where the products alone do not say it.

    `sequences` of `tokens` new tokens each (1 when decoding) after `context` cached ones; the last `window` tokens
    count. A latent kernel reads one shared latent instead of keys and values for each of `kv_heads`.
    """

    decoding: bool
    heads: Array
    kv_heads: Array
    head_dim: float
    sequences: Array
    tokens: Array
    context: Array
    kv_element_bytes: Array
    window: int | None = None
    latent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One kernel, run `count` times in a step (once a layer, as a rule).

    `flop` is the work that must be done (causal and window-aware), `dense_flop` what a framework's counter would
    say, where that differs. Bytes are by tensor class, read and written once. `launches` is 0 for work that is fused
    into the kernel before it. `ways` bounds how far a split can go (heads, KV heads, experts); beyond it, chips repeat
    the work or the data.
    """

    name: str
    block: str
    kind: Kind
    split: Split = Split.REPLICATED
    ways: int | None = None
    kv_ways: int | None = None
    count: Array = 1.0
    batch: Array = 1.0
    m: Array = 0.0
    n: Array = 0.0
    k: Array = 0.0
    flop: Array = 0.0
    dense_flop: Array | None = None
    compute: Array = field(default_factory=lambda: float(compute_code("bf16")))
    weight_bytes: Array = 0.0
    input_bytes: Array = 0.0
    output_bytes: Array = 0.0
    kv_bytes: Array = 0.0
    state_bytes: Array = 0.0
    launches: Array = 1.0
    sparse: Array = 0.0  # 1 where the weights have a structure that the chip's sparse path can use
    routing: Routing | None = None
    attending: Attending | None = None
    load: Array = 1.0  # the busiest chip's share of the work over the mean share
    communication: Communication | None = None
    message_bytes: Array = 0.0  # of the whole tensor, before it is cut among the group
    group: Array = 1.0  # chips that take part

    @property
    def activation_bytes(self) -> Array:
        """Activations read and written, bytes."""
        return self.input_bytes + self.output_bytes

    @property
    def moved_bytes(self) -> Array:
        """All bytes that cross the main memory's interface at least once."""
        return self.weight_bytes + self.activation_bytes + self.kv_bytes + self.state_bytes

    @property
    def counted_flop(self) -> Array:
        """FLOP as a framework's counter reports them: attention over the full square."""
        return self.flop if self.dense_flop is None else self.dense_flop


def total(operators: list[Operator], attribute: str) -> Array:
    """The sum of an attribute over operators and their repeats."""
    result: Array = 0.0
    for operator in operators:
        result = result + np.asarray(getattr(operator, attribute)) * operator.count
    return result
