"""Requests under load: a fixed number in flight, or arrivals at a steady rate, with continuous batching.

idea:    in one cycle each of the b sequences of a replica gets a token, and b / O of the requests end and are replaced.
         Prompts are read in the same steps in which others decode, so on average a step has b decoding sequences and
         the prompts of b / O requests: weights are read once for all of them. What does not fit waits: with n in
         flight, Little's law gives the time from arrival to end, n O / throughput, and the rest of it is waiting.
         Equal requests in flight end and are replaced in bunches: of B prompts that come together, read in steps of a
         few thousand tokens, the average one is read when half of them and half a step are.
symbols: O output tokens; T(b) the cycle, one such step; tokens a second b / T; B = 1 + burst (b - 1).
         With arrivals at rate r, b solves b = r O T(b): the number in flight that gives back what comes in, and B = 1.
departs: how arrivals bunch, and the tail of a burst, belong to a simulator.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Measurements
from interlock.models import Step
from interlock.validation.requests.batches import Work
from interlock.validation.requests.deployment import STEP_TOKENS, Deployment, growing, mean
from interlock.validation.requests.stack import Stack

Floats = NDArray[np.float64]
_GRID: Final = np.geomspace(1.0, 2048.0, 45)


def price_load(rows: Measurements, d: Deployment, stack: Stack) -> Floats:
    """The measured quantity of rows of one deployment under load."""
    asked, prompt, output = (np.asarray(rows[name], dtype=float) for name in ("batch", "prompt", "output"))
    replicas, vocabulary = float(np.asarray(d.parallelism.data)), float(d.model.vocabulary)
    rate = _rate(rows)
    held = np.minimum(asked, _fitting(d, prompt, output))
    in_steps = np.minimum(_GRID, held[:, None])
    work = _cycle(d, in_steps, prompt[:, None], output[:, None])
    cycles = work.seconds(stack)
    flow = in_steps / cycles  # tokens a second, growing with the sequences
    wanted = np.where(rate > 0, rate * output / replicas, np.inf)
    at = np.array([np.interp(want, row, sizes) for want, row, sizes in zip(wanted, flow, in_steps, strict=True)])
    cycle = np.array([np.interp(want, row, times) for want, row, times in zip(wanted, flow, cycles, strict=True)])
    read, steps = d.reading(np.ones_like(prompt), prompt, prompt)
    bunch = 1.0 + np.where(rate > 0, 0.0, stack.burst_ratio) * (at - 1.0)
    before = (bunch + np.minimum(bunch, np.maximum(np.floor(STEP_TOKENS / prompt), 1.0))) / 2.0
    first = (
        stack.first_s + np.asarray(stack.seconds(read * before, steps, 1.0, d.collectives, vocabulary)) + cycle / 2.0
    )
    latency = first + (output - 1.0) * cycle
    tokens = at / cycle
    waiting = np.where((rate == 0) & (asked > held), np.maximum(asked * output / tokens - latency, 0.0), 0.0)
    values = {
        "tokens_per_s": tokens * replicas,
        "tpot": cycle,
        "ttft": first + waiting,
        "latency": latency + waiting,
    }
    found = np.full(len(rows), np.nan)
    for name, value in values.items():
        found = np.where(rows["quantity"] == name, value, found)
    return found


def load_work(rows: Measurements, d: Deployment) -> Work:
    """What times per token at a fixed number in flight are made of; nan for any other row."""
    asked, prompt, output = (np.asarray(rows[name], dtype=float) for name in ("batch", "prompt", "output"))
    held = np.minimum(asked, _fitting(d, prompt, output))
    work = _cycle(d, held[:, None], prompt[:, None], output[:, None])
    linear = (rows["quantity"] == "tpot") & (_rate(rows) == 0)
    return Work(
        chip_s=np.where(linear, work.chip_s[:, 0], np.nan),
        steps=np.full(len(rows), d.stages),
        sequences=held,
        collectives=np.full(len(rows), d.collectives),
        vocabulary=np.full(len(rows), float(d.model.vocabulary)),
        tokens=np.zeros(len(rows)),
    )


def _rate(rows: Measurements) -> Floats:
    return np.asarray(rows["rate"], dtype=float) if "rate" in rows.columns else np.zeros(len(rows))


def _fitting(d: Deployment, prompt: Floats, output: Floats) -> Floats:
    """Sequences that fit, with contexts in the middle: they are at all stages of their output."""
    return d.fitting(prompt + output / 2.0, prompt)


def _cycle(d: Deployment, sequences: Floats, prompt: Floats, output: Floats) -> Work:
    """A step in which `sequences` decode and the prompts of those that replace the ended ones are read."""
    at = growing(prompt + np.zeros_like(sequences), output)
    together = d.together(sequences)[..., None]
    step = Step(
        prefill_sequences=together / output[..., None],
        prefill_tokens=prompt[..., None],
        decode_sequences=together,
        decode_context=at,
    )
    chip_s = mean(d.seconds(step), at)
    return Work(
        chip_s=chip_s,
        steps=np.full_like(chip_s, d.stages),
        sequences=sequences,
        collectives=np.full_like(chip_s, d.collectives),
        vocabulary=np.full_like(chip_s, float(d.model.vocabulary)),
        tokens=np.zeros_like(chip_s),
    )
