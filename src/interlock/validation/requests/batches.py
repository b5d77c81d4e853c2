"""Static batches: all requests start together, and the last to end ends the run.

idea:    a wave is a batch whose caches fit. It reads its prompts, then decodes output - 1 tokens a sequence at growing
         contexts (the first token comes from the prompt's step). A batch that does not fit runs as full waves and a
         rest, since equal requests end together.
symbols: w sequences of a wave, f that fit, b of the batch: floor(b / f) waves of f and one of the rest.
keeps:   a row's time is linear in what its stack adds, so that a fit of a stack is a linear one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Measurements
from interlock.validation.requests.deployment import Deployment
from interlock.validation.requests.stack import Stack

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a row's time is made of: seconds of the chips, engine steps, sequences and collectives in all of them.

    `vocabulary` is that of the model, since every sequence in a step is sampled from it.
    For a rate, `tokens` come out in that time; for a time, `tokens` is 0.
    """

    chip_s: Floats
    steps: Floats
    sequences: Floats
    collectives: Floats
    vocabulary: Floats
    tokens: Floats

    def seconds(self, stack: Stack) -> Floats:
        """Seconds under a stack."""
        return np.asarray(stack.seconds(self.chip_s, self.steps, self.sequences, self.collectives, self.vocabulary))

    def value(self, stack: Stack) -> Floats:
        """The measured quantity under a stack."""
        seconds = self.seconds(stack)
        return np.where(self.tokens > 0, self.tokens / seconds, seconds)


def price_batches(rows: Measurements, d: Deployment) -> Work:
    """Price rows of one deployment that ran as static batches."""
    batch, prompt, output = (np.asarray(rows[name], dtype=float) for name in ("batch", "prompt", "output"))
    chunk = np.asarray(rows["chunk"], dtype=float) if "chunk" in rows.columns else np.zeros(len(rows))
    chunk = np.where(chunk > 0, np.minimum(chunk, prompt), prompt)
    fitting = np.minimum(d.fitting(prompt + output, batch * chunk), batch)
    full = np.floor(batch / fitting)
    rest = batch - full * fitting
    one, last = (_Wave.of(d, size, prompt, output, chunk) for size in (fitting, np.maximum(rest, 1.0)))
    waves = full + (rest > 0)
    quantity = rows["quantity"]
    whole = quantity == "latency"
    first = quantity == "ttft"
    steps = np.where(whole, waves * (one.reads + output - 1.0), np.where(first, one.reads, 1.0))
    seen = np.where(whole, batch * output, np.where(first, fitting, fitting))
    seconds = np.where(
        whole,
        full * one.seconds(output) + np.where(rest > 0, last.seconds(output), 0.0),
        np.where(first, one.read, one.token),
    )
    return Work(
        chip_s=np.where(np.isin(quantity, ("latency", "ttft", "tpot", "tokens_per_s")), seconds, np.nan),
        steps=steps * d.stages,
        sequences=seen,
        collectives=steps * d.collectives,
        vocabulary=np.full(len(rows), float(d.model.vocabulary)),
        tokens=np.where(quantity == "tokens_per_s", fitting, 0.0),
    )


@dataclass(frozen=True, slots=True)
class _Wave:
    """Seconds of the chips to read the prompts, in how many steps, and for one decode step on average."""

    read: Floats
    reads: Floats
    token: Floats

    @staticmethod
    def of(d: Deployment, sequences: Floats, prompt: Floats, output: Floats, chunk: Floats) -> _Wave:
        read, reads = d.reading(sequences, prompt, chunk)
        token = d.each_token(sequences, prompt, output - 1.0)
        return _Wave(np.asarray(read), np.asarray(reads), np.asarray(token))

    def seconds(self, output: Floats) -> Floats:
        """All of it."""
        return self.read + (output - 1.0) * self.token
