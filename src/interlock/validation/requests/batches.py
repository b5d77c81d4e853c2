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

from interlock.cost.stack import Stack, Work
from interlock.evidence.measurement import Measurements
from interlock.validation.requests.deployment import Deployment

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the time of each row is made of, by part. For a rate, `tokens` come out in that time; for a time it is 0.

    `prompts`: of the work, what reading others' prompts adds, and prompts that come together do not.
    """

    work: Work
    prompts: Work
    tokens: Floats

    def value(self, stack: Stack) -> Floats:
        """The measured quantity under a stack."""
        seconds = stack.seconds(self.work - stack.burst_ratio * self.prompts)
        return np.where(self.tokens > 0, self.tokens / seconds, seconds)


def price_batches(rows: Measurements, d: Deployment) -> Run:
    """Price rows of one deployment that ran as static batches."""
    batch, prompt, output = (np.asarray(rows[name], dtype=float) for name in ("batch", "prompt", "output"))
    chunk = np.asarray(rows["chunk"], dtype=float) if "chunk" in rows.columns else np.zeros(len(rows))
    chunk = np.where(chunk > 0, np.minimum(chunk, prompt), prompt)
    fitting = np.minimum(d.fitting(prompt + output, batch * chunk), batch)
    full = np.floor(batch / fitting)
    rest = batch - full * fitting
    one, last = (_Wave.of(d, size, prompt, output, chunk) for size in (fitting, np.maximum(rest, 1.0)))
    quantity = rows["quantity"]
    whole = full * one.all(output) + np.where(rest > 0, last.all(output), 0.0)
    work = np.where(quantity == "latency", whole, np.where(quantity == "ttft", one.read, one.token))
    return Run(
        work=np.where(np.isin(quantity, ("latency", "ttft", "tpot", "tokens_per_s")), work, np.nan),
        prompts=np.zeros_like(work),
        tokens=np.where(quantity == "tokens_per_s", fitting, 0.0),
    )


@dataclass(frozen=True, slots=True)
class _Wave:
    """The work to read the prompts, and of one decode step on average."""

    read: Work
    token: Work

    @staticmethod
    def of(d: Deployment, sequences: Floats, prompt: Floats, output: Floats, chunk: Floats) -> _Wave:
        return _Wave(d.reading(sequences, prompt, chunk), d.each_token(sequences, prompt, output - 1.0))

    def all(self, output: Floats) -> Work:
        """The work of the whole wave."""
        whole: Work = self.read + (output - 1.0) * self.token
        return whole
