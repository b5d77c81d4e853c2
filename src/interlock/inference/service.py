"""One replica in steady state under continuous batching: first token, time per token, throughput, joules.

idea:    a replica keeps `batch` sequences in each of its pipeline stages. In one cycle every sequence gets a token, and
         batch / output of the requests end and are replaced by others, whose prompts are read in steps in which the
         rest decodes: weights are read once for both.
symbols: t_d one decode step through all stages, t_m one that also reads prompts, t_p one that reads a prompt alone,
         b sequences a stage, O output tokens, s stages, f = min(1, b / O) the share of steps with prompts.
         cycle T = ((1 - f) t_d + f t_m) u, with u the fullest stage over the mean; TPOT = T; throughput = b s / T.
         With fewer sequences than stages b is below 1: a step still carries one, and u b matters only above 1.
keeps:   the formulas that measured runs are held against (`validation.requests.load`), requests spread over time.
departs: arrivals, chunking and preemption belong to the serving simulator; waiting is M/D/1 when a rate is given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from interlock.cost import Chips
from interlock.inference.memory import Memory, memory_plan
from interlock.inference.step_cost import StepCost, price_step
from interlock.models import Formats, Model, Step, decode, prefill
from interlock.operators import Array
from interlock.parallel import Parallelism


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a replica is; times in seconds."""

    ttft: Array
    tpot: Array
    latency: Array
    tokens_per_s: Array  # output tokens; requests for models that do not generate


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What one replica delivers and needs; times in seconds, bytes on the fullest chip, energies of all its chips.

    `fastest` and `slowest` are the ends of a 90 % band, nan where the chips are priced without one.
    """

    prefill: StepCost
    decode: StepCost | None
    ttft: Array
    tpot: Array
    latency: Array
    tokens_per_s: Array
    fastest: Pace
    slowest: Pace
    requests_per_s: Array
    joules_per_token: Array
    memory: Memory
    spilled: Array  # bytes on the spill tier
    power: Array  # W of all chips of the replica


def serve(
    model: Model,
    formats: Formats,
    parallelism: Parallelism,
    chips: Chips,
    *,
    batch: Array,
    prompt: float,
    output: float,
    images: float = 0.0,
    skew: float = 0.0,
) -> Service:
    """Steady state of one replica.

    Args:
        model: what runs.
        formats: bytes an element by tensor class.
        parallelism: the degrees; `data` does not matter here.
        chips: the chip, or a column of chips.
        batch: sequences in each engine step, below 1 where some stages have none; a replica of s stages holds s
            times as many.
        prompt: tokens in, images included.
        output: tokens out; ignored by models that do not generate.
        images: images in each request.
        skew: how unevenly tokens choose experts.
    """
    stages = np.asarray(parallelism.pipeline, dtype=float)
    together = np.maximum(batch, 1.0)
    phases = _phases(model, together, prompt, output if model.generates else 1.0, images)
    memory = memory_plan(
        model,
        formats,
        parallelism,
        sequences=batch * stages,
        context=phases.context,
        step_tokens=np.maximum(prompt, together),
        encoder_context=prompt,
    )
    spilled = np.maximum(memory.total - chips.usable, 0.0)
    stream = np.where(spilled > 0, _streamed(spilled, memory, stages) / chips.spill_bandwidth, 0.0)
    first = price_step(model, phases.first, formats, parallelism, chips, skew=skew)
    unevenness = np.ceil(model.main.depth / stages) * stages / model.main.depth
    wait = np.maximum(np.minimum(batch, 1.0) * unevenness, 1.0)  # for the fullest stage
    size = parallelism.tensor * stages
    if not model.generates:
        many = price_step(model, prefill(together, prompt, images=images), formats, parallelism, chips, skew=skew)

        def whole(seconds: Array) -> Pace:
            t_b = np.maximum(seconds, stream)
            return Pace(ttft=t_b, tpot=np.zeros_like(t_b), latency=t_b, tokens_per_s=batch * stages / (t_b * wait))

        pace, fastest, slowest = whole(many.time), whole(many.low), whole(many.high)
        rate = pace.tokens_per_s
        energy = many.energy / together + chips.static_power * size / rate
        return Service(
            prefill=many,
            decode=None,
            ttft=pace.ttft,
            tpot=pace.tpot,
            latency=pace.latency,
            tokens_per_s=rate,
            fastest=fastest,
            slowest=slowest,
            requests_per_s=rate,
            joules_per_token=energy,
            memory=memory,
            spilled=spilled,
            power=energy * rate,
        )
    each = price_step(model, phases.each, formats, parallelism, chips, skew=skew)
    both = price_step(model, phases.both, formats, parallelism, chips, skew=skew)
    share = np.minimum(together / output, 1.0)
    before = 0.0 if chips.runs is None else chips.runs.first_s

    def steady(reading: Array, decoding: Array, mixed: Array) -> Pace:
        t_p, t_d, t_m = (np.maximum(seconds, stream) for seconds in (reading, decoding, mixed))
        cycle = ((1.0 - share) * np.where(share < 1.0, t_d, 0.0) + share * t_m) * wait  # a step may take for ever
        ttft = before + t_p + cycle / 2.0
        latency = ttft + (output - 1.0) * cycle if output > 1 else ttft
        return Pace(ttft=ttft, tpot=cycle, latency=latency, tokens_per_s=batch * stages / cycle)

    pace, fastest, slowest = (
        steady(first.time, each.time, both.time), steady(first.low, each.low, both.low),
        steady(first.high, each.high, both.high),
    )  # fmt: skip
    tokens = pace.tokens_per_s
    dynamic = ((1.0 - share) * each.energy + share * both.energy) / together
    joules = dynamic + chips.static_power * size / tokens
    return Service(
        prefill=first,
        decode=each,
        ttft=pace.ttft,
        tpot=pace.tpot,
        latency=pace.latency,
        tokens_per_s=tokens,
        fastest=fastest,
        slowest=slowest,
        requests_per_s=tokens / output,
        joules_per_token=joules,
        memory=memory,
        spilled=spilled,
        power=joules * tokens,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phases:
    """The step that reads one prompt, the step in the middle of decoding, the one with both, the longest cache."""

    first: Step
    each: Step
    both: Step
    context: float


def _phases(model: Model, sequences: Array, prompt: float, output: float, images: float) -> _Phases:
    """Decoders read the prompt themselves; encoder-decoders encode it, and their decoder starts from one token."""
    ended = np.maximum(sequences / output, 1.0)
    if model.decoder is None or model.encoder is None:
        first, each = prefill(1.0, prompt, images=images), decode(sequences, prompt + output / 2.0)
        context = prompt + output if model.generates else prompt
    else:
        first = Step(prefill_sequences=1.0, prefill_tokens=1.0, images=images, encoder_tokens=prompt)
        each = Step(decode_sequences=sequences, decode_context=1.0 + output / 2.0, encoder_tokens=prompt)
        context = 1.0 + output
    both = replace(
        first, prefill_sequences=ended, decode_sequences=each.decode_sequences, decode_context=each.decode_context
    )
    return _Phases(first=first, each=each, both=both, context=context)


def _streamed(spilled: Array, memory: Memory, stages: Array) -> Array:
    """Bytes that come from the spill tier while a step passes all stages.

    Caches spill first: each is read by the one step that its sequence is in. Spilled weights are read on every stage.
    """
    caches = np.minimum(spilled, memory.kv)
    return caches + stages * (spilled - caches)
