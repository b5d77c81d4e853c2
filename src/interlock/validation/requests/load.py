"""Requests under load: a fixed number in flight, or arrivals at a steady rate, with continuous batching.

idea:    in one cycle each of the b sequences of a replica gets a token, and b / O of the requests end and are replaced.
         Prompts are read in steps in which others decode, too: weights are read once for both. A step has the prompts
         of b / O requests, or every O / b-th step has one. What does not fit waits: with n in
         flight, Little's law gives the time from arrival to end, n O / throughput, and the rest of it is waiting.
         Equal requests in flight end and are replaced in bunches: of B prompts that come together, read in steps of a
         few thousand tokens, the average one is read when half of them and half a step are. Prompts that come
         together are read while few decode, and so hold up nobody's next token.
symbols: O output tokens; T(b) the cycle, one such step; tokens a second b / T; B = 1 + burst (b - 1).
         With arrivals at rate r, b solves b = r O T(b): the number in flight that gives back what comes in, and B = 1.
departs: how arrivals bunch, and the tail of a burst, belong to a simulator.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.stack import Stack, Work
from interlock.evidence.measurement import Measurements
from interlock.models import Step, decode
from interlock.validation.requests.batches import Run
from interlock.validation.requests.deployment import STEP_TOKENS, Deployment, growing, mean

Floats = NDArray[np.float64]
_GRID: Final = np.geomspace(1.0, 2048.0, 45)


def price_load(rows: Measurements, d: Deployment, stack: Stack) -> Floats:
    """The measured quantity of rows of one deployment under load."""
    asked, prompt, output = (np.asarray(rows[name], dtype=float) for name in ("batch", "prompt", "output"))
    replicas = float(np.asarray(d.parallelism.data))
    rate = _rate(rows)
    held = np.minimum(asked, _fitting(d, prompt, output))
    in_steps = np.minimum(_GRID, held[:, None])
    work, prompts = _cycle(d, in_steps, prompt[:, None], output[:, None])
    cycles = stack.seconds(work)
    together = stack.burst_ratio * stack.seconds(prompts)
    flow = in_steps / cycles  # tokens a second, growing with the sequences
    wanted = np.where(rate > 0, rate * output / replicas, np.inf)
    at = np.array([np.interp(want, row, sizes) for want, row, sizes in zip(wanted, flow, in_steps, strict=True)])
    cycle = np.array([np.interp(want, row, times) for want, row, times in zip(wanted, flow, cycles, strict=True)])
    late = np.array([np.interp(want, row, times) for want, row, times in zip(wanted, flow, together, strict=True)])
    decoding = cycle - np.where(rate > 0, 0.0, late)
    read = d.reading(np.ones_like(prompt), prompt, prompt)
    bunch = 1.0 + np.where(rate > 0, 0.0, stack.burst_ratio) * (at - 1.0)
    before = (bunch + np.minimum(bunch, np.maximum(np.floor(STEP_TOKENS / prompt), 1.0))) / 2.0
    read[:2] *= before  # the kernels
    first = stack.first_s + stack.seconds(read) + decoding / 2.0
    latency = first + (output - 1.0) * decoding
    tokens = at / cycle
    waiting = np.where((rate == 0) & (asked > held), np.maximum(asked * output / tokens - latency, 0.0), 0.0)
    values = {
        "tokens_per_s": tokens * replicas,
        "tpot": decoding,
        "ttft": first + waiting,
        "latency": latency + waiting,
    }
    found = np.full(len(rows), np.nan)
    for name, value in values.items():
        found = np.where(rows["quantity"] == name, value, found)
    return found


def load_run(rows: Measurements, d: Deployment) -> Run:
    """What times per token at a fixed number in flight are made of; nan for any other row."""
    asked, prompt, output = (np.asarray(rows[name], dtype=float) for name in ("batch", "prompt", "output"))
    held = np.minimum(asked, _fitting(d, prompt, output))
    work, prompts = (part[..., 0] for part in _cycle(d, held[:, None], prompt[:, None], output[:, None]))
    linear = (rows["quantity"] == "tpot") & (_rate(rows) == 0)
    return Run(work=np.where(linear, work, np.nan), prompts=prompts, tokens=np.zeros(len(rows)))


def _rate(rows: Measurements) -> Floats:
    return np.asarray(rows["rate"], dtype=float) if "rate" in rows.columns else np.zeros(len(rows))


def _fitting(d: Deployment, prompt: Floats, output: Floats) -> Floats:
    """Sequences that fit, with contexts in the middle: they are at all stages of their output."""
    return d.fitting(prompt + output / 2.0, prompt)


def _cycle(d: Deployment, sequences: Floats, prompt: Floats, output: Floats) -> tuple[Work, Work]:
    """A step in which `sequences` decode and, in some, the prompts of those that replace the ended ones are read.

    The second is what the prompts add.
    """
    at = growing(prompt + np.zeros_like(sequences), output)
    together = d.together(sequences)[..., None]
    ended = together / output[..., None]
    alone = mean(d.work(decode(together, at)), at)
    step = Step(
        prefill_sequences=np.maximum(ended, 1.0),
        prefill_tokens=prompt[..., None],
        decode_sequences=together,
        decode_context=at,
    )
    share = np.minimum(ended[..., 0], 1.0)
    prompts: Work = share * (mean(d.work(step), at) - alone)
    return alone + prompts, prompts
