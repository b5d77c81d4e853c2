"""The simulator's clock: seconds and joules of one engine step, read from tables that the cost model fills once.

idea:    a step carries P prompt tokens in chunks and D decoding sequences. What works token by token depends on P + D
         alone, the head on the rows that need logits, attention on each chunk and on the decoding sequences:
         t = linear(P + D) + head(D + chunks) + sum fill(n, c) + attend(D, mean context),
         where decoding beside a chunk takes longer than alone by what `interlock.cost.ragged` says of the kernel.
         `fill` and `attend` are what the price of a pure step has beyond the first two, so steps of one prompt and
         steps that only decode are the cost model's to rounding, and mixed ones to the interpolation.
symbols: n new tokens of a chunk, c tokens of it in the cache already.
keeps:   dense in whole tokens and sequences where engines work; piecewise linear in context, so that the sum over a run
         of decode steps has a closed form between two knots.
departs: sequences of different lengths attend at their mean context, lengthened by what n of them take longer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips
from interlock.cost.ragged import ragged
from interlock.errors import InputError
from interlock.hardware import Chip
from interlock.inference import StepCost, price_step
from interlock.inference.step_cost import band_of
from interlock.models import Formats, Model, Scheme, Step
from interlock.operators import Kind
from interlock.parallel import Parallelism
from interlock.serving.core.tables import ATTEND, FILL, HEAD, LINEAR, SIZE, chunk_cost, mixed_cost, pack

Floats = NDArray[np.float64]
DENSE: Final = 16384  # tokens up to which the token-wise part is kept for every whole number
LONGEST: Final = 2**20
_RATIO: Final = 2**0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class StepClock:
    """Tables of seconds and of dynamic joules; `static_w` is drawn whether or not a step runs."""

    seconds: Floats = field(repr=False)
    joules: Floats = field(repr=False)
    static_w: float

    @property
    def knows_energy(self) -> bool:
        """Whether the joules are those of something."""
        return bool(np.any(self.joules[2 * SIZE + int(self.joules[SIZE]) :][: int(self.joules[SIZE + LINEAR])] > 0))

    def step_s(self, decodes: int, context: float, chunks: list[tuple[int, int]]) -> float:
        """Seconds of one step.

        Args:
            decodes: sequences that decode one token each.
            context: tokens in the caches of all of them together.
            chunks: new tokens and tokens already in the cache, for each prompt that is read.
        """
        return _step(self.seconds, decodes, context, chunks)

    def step_j(self, decodes: int, context: float, chunks: list[tuple[int, int]]) -> float:
        """Dynamic joules of one step, over all chips of the replica."""
        return _step(self.joules, decodes, context, chunks)


def _step(tables: Floats, decodes: int, context: float, chunks: list[tuple[int, int]]) -> float:
    tokens, filled = 0, 0.0
    for new, before in chunks:
        tokens += new
        filled += chunk_cost(tables, new, before)
    return mixed_cost(tables, decodes, context, tokens, len(chunks), filled)


def knots(first: int, last: int, ratio: float = _RATIO) -> Floats:
    """Whole numbers from first to last, each at most `ratio` times the one before."""
    found = [first]
    while found[-1] < last:
        found.append(max(found[-1] + 1, int(found[-1] * ratio)))
    return np.asarray(found, dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The likely clock, and those of the ends of the 90 % band of a step; None where chips are priced without one."""

    likely: StepClock
    fast: StepClock | None
    slow: StepClock | None


def price_clock(
    model: Model, scheme: Scheme, parallelism: Parallelism, chip: Chip, *, max_num_seqs: int = 256, skew: float = 0.0,
    overhead_s: float = 0.0, chips: Chips | None = None, queries: int = 1, drawn: Floats | None = None,
) -> StepClock:  # fmt: skip
    """The likely clock alone; see `price_clocks`."""
    return price_clocks(
        model, scheme, parallelism, chip, max_num_seqs=max_num_seqs, skew=skew, overhead_s=overhead_s, chips=chips,
        queries=queries, drawn=drawn,
    ).likely  # fmt: skip


def price_clocks(
    model: Model,
    scheme: Scheme,
    parallelism: Parallelism,
    chip: Chip,
    *,
    max_num_seqs: int = 256,
    skew: float = 0.0,
    overhead_s: float = 0.0,
    chips: Chips | None = None,
    queries: int = 1,
    drawn: Floats | None = None,
) -> Clocks:
    """Fill the tables for one replica.

    At the ends of the band every step is off the same way: a clock that is slow in one step is slow in all.

    Args:
        model: a decoder; models that do not generate have no steps.
        scheme: number formats.
        parallelism: tensor and pipeline degrees of one replica.
        chip: what it runs on.
        max_num_seqs: most sequences that decode at once.
        skew: how unevenly tokens choose experts.
        overhead_s: seconds of the engine's host work that no kernel hides, added to every step.
        chips: the chip as columns, where they are not its own: with calibrated kernels, or something changed.
        queries: tokens that each decoding sequence computes in a step; more than one where drafts are verified.
        drawn: contexts of sequences as they will be found decoding; all alike if None.

    Raises:
        InputError: a model that does not generate, or a chip whose peaks or bandwidth are not published.
    """
    if not model.generates or model.encoder is not None:
        raise InputError("--model", model.name, "a decoder that generates; others are served one batch at a time")
    formats, columns = Formats.of(scheme), chips or Chips.of(chip)

    def price(step: Step) -> StepCost:
        with np.errstate(invalid="ignore", divide="ignore"):
            return price_step(model, step, formats, parallelism, columns, skew=skew)

    tokens = np.concatenate([np.arange(1.0, DENSE), np.arange(DENSE, 2**17, 256.0), knots(2**17, LONGEST, 2**0.125)])
    rows = np.arange(1.0, queries * max_num_seqs + 65)
    contexts = np.concatenate([[0.0], knots(16, LONGEST)])
    news = knots(1, LONGEST, 2**0.125)
    sequences = np.arange(1.0, max_num_seqs + 1)
    prefills = price(Step(prefill_sequences=1.0, prefill_tokens=tokens))
    heads = price(Step(decode_sequences=rows))
    losses, (heads_a_group, kv_heads) = ragged(chip, columns.runs), _heads(heads)
    longer = losses.lengthened(sequences, kv_heads, np.zeros(0) if drawn is None else drawn)
    decodes = price(Step(decode_sequences=sequences[:, None], decode_context=contexts[None] * longer[:, None]))
    fills = price(Step(prefill_sequences=1.0, prefill_tokens=news[:, None], prefill_context=contexts[None]))
    more = [price(Step(prefill_sequences=sequences[:, None], prefill_tokens=float(count),
                       prefill_context=contexts[None])) for count in ((1, queries) if queries > 1 else ())]  # fmt: skip
    tensor = float(np.asarray(parallelism.tensor))

    def tables(quantity: str, extra: float = 0.0, times: float = 1.0) -> Floats:
        linear = np.broadcast_to(_part(prefills, quantity, head=False) * times, tokens.shape)
        head = np.broadcast_to(_part(heads, quantity, head=True) * times, rows.shape)
        if not np.all(np.isfinite(linear)) and quantity == "time":
            raise InputError("--chip", chip.id, "a chip whose rates for these formats, memory and links are published")
        whole = np.broadcast_to(getattr(decodes, quantity), (sequences.size, contexts.size))
        attend = whole - linear[: sequences.size, None] - head[: sequences.size, None]
        if more:  # every query reads the same cache, which a kernel for decoding does once
            one, many = (_part(cost, quantity, attention=True) * times for cost in more)
            attend = attend + np.maximum(many - one, 0.0)
        read = np.broadcast_to(getattr(fills, quantity), (news.size, contexts.size))
        fill = read - np.interp(news, tokens, linear)[:, None] - head[0]
        beside = 1.0 if quantity == "energy" else losses.beside(heads_a_group)
        return _tables(tokens, linear + extra, head, contexts, attend, news, fill, beside)

    size = tensor * float(np.asarray(parallelism.pipeline))
    static = float(np.asarray(columns.static_power)) * size
    joules = _scaled(tables("energy", times=tensor), 1.0)  # an operator's joules are one chip's
    made = {name: StepClock(seconds=tables(name, overhead_s), joules=joules, static_w=static)
            for name in ("time", "low", "high")}  # fmt: skip
    known = all(np.all(np.isfinite(made[name].seconds)) for name in ("low", "high"))
    return Clocks(likely=made["time"], fast=made["low"] if known else None, slow=made["high"] if known else None)


def affine_clock(
    *, base_s: float, token_s: float = 0.0, sequence_s: float = 0.0, context_s: float = 0.0, max_num_seqs: int = 256
) -> StepClock:
    """A clock of four coefficients: seconds a step, a token of a prompt, a decoding sequence, a token of its context.

    Published fits of engines have this form, and so have the queues whose waiting times are known exactly.
    """
    tokens = np.concatenate([np.arange(1.0, 3.0), [float(LONGEST)]])
    contexts = np.asarray([0.0, float(2**40)])
    sequences = np.arange(1.0, max_num_seqs + 1)
    linear = base_s + token_s * tokens
    attend = (sequence_s - token_s) * sequences[:, None] + context_s * sequences[:, None] * contexts[None]
    zero = np.zeros((2, 2))
    news = np.asarray([1.0, LONGEST])
    made = _tables(tokens, linear, np.zeros(max_num_seqs + 64), contexts, attend, news, zero, 1.0)
    return StepClock(seconds=made, joules=_scaled(made, 0.0), static_w=0.0)


def _tables(
    tokens: Floats,
    linear: Floats,
    head: Floats,
    contexts: Floats,
    attend: Floats,
    news: Floats,
    fill: Floats,
    beside: float,
) -> Floats:
    """One flat column, as the loop reads it; the head of no rows costs nothing."""
    return pack(
        {"tokens": tokens, "linear": linear, "head": np.concatenate([[0.0], head]), "contexts": contexts,
         "attend": attend, "news": news, "fill": fill, "beside": np.asarray([beside])}
    )  # fmt: skip


def _scaled(tables: Floats, factor: float) -> Floats:
    """The same tables with every cost times a factor; no cost at all where one is not known."""
    made = tables.copy()
    areas = [slice(int(made[part]), int(made[part] + made[SIZE + part])) for part in (LINEAR, HEAD, ATTEND, FILL)]
    known = factor > 0.0 and all(np.all(np.isfinite(made[area])) for area in areas)
    for area in areas:
        made[area] = made[area] * factor if known else 0.0
    return made


def _heads(cost: StepCost) -> tuple[float, float]:
    """Query heads that share a key-value head, and key-value heads of a chip; one of each where none are shared."""
    for item in cost.operators:
        asked = item.operator.attending
        if asked is not None and not asked.latent:
            kv_heads = float(np.max(asked.kv_heads))
            return float(np.max(asked.heads)) / kv_heads, kv_heads
    return 1.0, 1.0


def _part(cost: StepCost, quantity: str, *, head: bool = False, attention: bool = False) -> Any:
    """Seconds, an end of their band, or joules: of attention, of the head, or of what else works token by token."""
    chosen = [
        item
        for item in cost.operators
        if (item.operator.kind is Kind.ATTENTION) == attention
        and (attention or (item.operator.block == "head") == head)
    ]
    parts = [item.total_energy if quantity == "energy" else item.total_time for item in chosen]
    total = np.sum(np.broadcast_arrays(*parts), axis=0) if parts else 0.0
    if quantity in ("low", "high"):
        return band_of(chosen, total)[quantity == "high"]
    return total


__all__ = ["Clocks", "StepClock", "affine_clock", "price_clock", "price_clocks"]
