"""From a deployment (model, chip, parallelism, formats) to what the simulator needs: a clock, a KV cache, power, price.

departs: a pipeline of s stages is s lanes, each with an s-th of the cache and every step through all stages, as
         engines that keep a batch in each stage; bubbles are not modelled. A token of context takes what the next one
         takes at the workload's mean length; a state that does not grow is set aside for every sequence that may run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips
from interlock.cost.money import ChipPrice, chip_price
from interlock.cost.stack import Stack, usual_stack
from interlock.errors import InputError
from interlock.hardware import Chip
from interlock.inference.memory import cache_bytes, memory_plan
from interlock.inference.request import divisibility
from interlock.models import Formats, Model, Scheme
from interlock.parallel import Parallelism
from interlock.serving.clock import Clocks, StepClock, price_clocks
from interlock.serving.speculation import Drafting, Speculation, speculation

LONGEST_STEP = 8192  # tokens of a step that activations are kept for


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """`lanes`: batches that run side by side; `kv_tokens`: of one lane; `swap_s`: a token to the host, or -1.

    `load_s`: until all chips have their weights from the host, 0 where that link is not known.

    `transfer_s`: a token's cache from one replica to another, or -1, `transfer_latency_s` for each cache.
    """

    model: Model
    chip: Chip
    scheme: Scheme
    parallelism: Parallelism
    clocks: Clocks
    lanes: int
    kv_tokens: int
    token_bytes: float
    swap_s: float
    load_s: float
    transfer_s: float
    transfer_latency_s: float
    price: ChipPrice | None
    speculation: Speculation | None = None

    @property
    def clock(self) -> StepClock:
        """The likely one."""
        return self.clocks.likely

    @property
    def chips(self) -> int:
        """All chips."""
        return int(np.asarray(self.parallelism.chips))


def deployment(
    model: Model,
    chip: Chip,
    scheme: Scheme,
    parallelism: Parallelism,
    *,
    context: float,
    max_num_seqs: int = 256,
    kv_tokens: int | None = None,
    overhead_s: float = 0.0,
    skew: float = 0.0,
    stack: Stack | None = None,
    prices: Mapping[str, float] | None = None,
    drafting: Drafting | None = None,
    drawn: NDArray[np.float64] | None = None,
) -> Deployment:
    """Price the clock and divide the memory.

    Args:
        model: what runs.
        chip: what it runs on.
        scheme: number formats.
        parallelism: `data` is the number of replicas.
        context: mean tokens of a sequence, at which a token's bytes are taken.
        max_num_seqs: most sequences of a batch.
        kv_tokens: tokens of one replica's KV cache, where the engine has said it; computed if None.
        overhead_s: host work of every step.
        skew: how unevenly tokens choose experts.
        stack: what serves; what people run on such chips if None.
        prices: the user's own USD an hour, by chip name.
        drafting: what proposes tokens; its weights and its cache take their share of the memory.
        drawn: contexts of sequences as they will be found decoding; all alike if None.

    Raises:
        InputError: a cut that no engine would start, or weights that leave no room for a cache.
    """
    reasons = divisibility(model, parallelism)
    if reasons:
        raise InputError("parallelism", parallelism.name, f"a cut that fits {model.name}: {reasons[0]}")
    formats = Formats.of(scheme)
    columns = Chips.calibrated(chip).run_by(stack or usual_stack(chip.category))
    stages, tensor = float(np.asarray(parallelism.pipeline)), float(np.asarray(parallelism.tensor))
    clocks = price_clocks(
        model, scheme, parallelism, chip, max_num_seqs=max_num_seqs, skew=skew, overhead_s=overhead_s, chips=columns,
        drawn=drawn,
    )  # fmt: skip
    token, state = _cache(model, formats, parallelism, context)
    plan = memory_plan(model, formats, parallelism, sequences=0.0, context=0.0, step_tokens=float(LONGEST_STEP))
    room = float(np.asarray(columns.usable - plan.weights - plan.activations)) - state * max_num_seqs * stages
    if drafting is not None and drafting.model is not None and drafting.scheme is not None:
        drafts = Formats.of(drafting.scheme)
        beside = memory_plan(drafting.model, drafts, parallelism, sequences=0.0, context=0.0, step_tokens=0.0)
        more, kept = _cache(drafting.model, drafts, parallelism, context)
        room -= float(np.asarray(beside.weights)) + kept * max_num_seqs * stages
        token += more
    if kv_tokens is None:
        if not room > 0:
            found = f"{float(np.asarray(plan.weights)) / 1e9:.1f} GB of weights a chip ({parallelism.name})"
            usable = f"{float(np.asarray(columns.usable)) / 1e9:.1f} GB"
            raise InputError(
                "memory", found, f"less than the {usable} that {chip.id} has to use, with room for a cache"
            )
        kv_tokens = int(min(room / token, 2**40)) if token > 0 else 2**40
    host = float(np.asarray(columns.spill_bandwidth))
    between, latency = _between(columns, float(np.asarray(parallelism.chips)))
    return Deployment(
        model=model,
        chip=chip,
        scheme=scheme,
        parallelism=parallelism,
        clocks=clocks,
        lanes=int(stages) * int(np.asarray(parallelism.data)),
        kv_tokens=int(kv_tokens / stages),
        token_bytes=token * tensor,
        swap_s=token / host if np.isfinite(host) and host > 0 else -1.0,
        load_s=float(np.asarray(plan.weights)) / host if np.isfinite(host) and host > 0 else 0.0,
        transfer_s=token / between if np.isfinite(between) and between > 0 else -1.0,
        transfer_latency_s=latency,
        price=chip_price(chip, prices),
        speculation=None if drafting is None else speculation(
            drafting, model, scheme, parallelism, chip, max_num_seqs=max_num_seqs, skew=skew, overhead_s=overhead_s,
            chips=columns,
        ),
    )  # fmt: skip


def _cache(model: Model, formats: Formats, parallelism: Parallelism, context: float) -> tuple[float, float]:
    """Bytes on a chip of one more token of a sequence, and of what does not grow."""
    low, high = context - min(context, 512.0), context + 512.0
    sizes = [float(np.asarray(cache_bytes(model, formats, parallelism, tokens))) for tokens in (0.0, low, high)]
    return (sizes[2] - sizes[1]) / (high - low), sizes[0]


def _between(columns: Chips, chips: float) -> tuple[float, float]:
    """Bandwidth and latency of one chip towards its counterpart in another replica.

    Inside the scale-up domain where all chips fit into one, else over the network. Each chip of a replica sends the
    part of the cache that it holds.
    """
    links = columns.links
    inside = chips <= float(np.asarray(links.domain))
    found = (links.bandwidth, links.latency) if inside else (links.out_bandwidth, links.out_latency)
    return float(np.asarray(found[0])), float(np.asarray(found[1]))
