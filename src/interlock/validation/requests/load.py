"""Requests under load: a number always in flight, or arrivals at a steady rate, with continuous batching.

idea:    in one cycle each of the b sequences of a replica gets a token, and b / O of the requests end and are replaced.
         Prompts are read in the same steps in which others decode, so on average a step has b decoding sequences and
         the prompts of b / O requests: weights are read once for all of them. What does not fit waits: with n in
         flight, Little's law gives the time from arrival to end, n O / throughput, and the rest of it is waiting.
symbols: O output tokens; T(b) the cycle, one such step; tokens a second b / T.
         With arrivals at rate r, b solves b = r O T(b): the number in flight that gives back what comes in.
departs: how arrivals bunch, and the tail of a burst, belong to a simulator.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Measurements
from interlock.models import Step
from interlock.validation.requests.deployment import Deployment, growing, mean
from interlock.validation.requests.stack import Stack

Floats = NDArray[np.float64]
_GRID: Final = np.geomspace(1.0, 2048.0, 45)


def price_load(rows: Measurements, d: Deployment, stack: Stack) -> Floats:
    """The measured quantity of rows of one deployment under load."""
    asked, prompt, output = (np.asarray(rows[name], dtype=float) for name in ("batch", "prompt", "output"))
    replicas = float(np.asarray(d.parallelism.data))
    rate = np.asarray(rows["rate"], dtype=float) if "rate" in rows.columns else np.zeros(len(rows))
    middle = prompt + output / 2.0  # contexts of sequences that are at all stages of their output
    held = np.minimum(asked, d.fitting(middle, prompt))
    in_steps = np.minimum(_GRID, held[:, None])
    cycles = _cycle(d, stack, in_steps, prompt[:, None], output[:, None])
    flow = in_steps / cycles  # tokens a second, growing with the sequences
    wanted = np.where(rate > 0, rate * output / replicas, np.inf)
    at = np.array([np.interp(want, row, sizes) for want, row, sizes in zip(wanted, flow, in_steps, strict=True)])
    cycle = np.array([np.interp(want, row, times) for want, row, times in zip(wanted, flow, cycles, strict=True)])
    read, steps = d.reading(np.ones_like(prompt), prompt, prompt)
    first = np.asarray(stack.seconds(read, steps, 1.0, d.collectives)) + cycle / 2.0
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


def _cycle(d: Deployment, stack: Stack, sequences: Floats, prompt: Floats, output: Floats) -> Floats:
    """Seconds of a step in which `sequences` decode and the prompts of those that replace the ended ones are read."""
    at = growing(prompt + np.zeros_like(sequences), output)
    together = d.together(sequences)[..., None]
    step = Step(
        prefill_sequences=together / output[..., None],
        prefill_tokens=prompt[..., None],
        decode_sequences=together,
        decode_context=at,
    )
    chip_s = mean(d.seconds(step), at)
    return np.asarray(stack.seconds(chip_s, d.stages, sequences, d.collectives))
