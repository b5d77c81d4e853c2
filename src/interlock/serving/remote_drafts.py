"""A device drafts and shows tokens at once; a cloud verifies them over a slow link, and what is wrong is revoked.

idea:    the device drafts k tokens after k tokens and may run `ahead` of the verdicts by so many batches. The cloud
         verifies a batch in one pass and answers how many it keeps, and its own token after them. On a rejection the
         device takes back what it has shown from there on, the batches on their way included, and goes on behind the
         cloud's token. What stays is the cloud's text.
keeps:   with one batch at a time and constant clocks the mean pace is the closed form `pace_s`.
departs: one answer, a cloud without queues. Running ahead forgoes the cloud's token after a batch that is kept whole,
         whose place the device has drafted over already.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.inference.speculation import tokens_per_pass
from interlock.serving.clock import StepClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A link between a device and a cloud: one way takes `latency_s`; a lost message is sent again after `retry_s`."""

    latency_s: float
    bytes_per_s: float
    token_bytes: float = 4.0
    loss: float = 0.0
    retry_s: float = 1.0

    def way_s(self, tokens: float) -> float:
        """Seconds of a message that arrives."""
        return self.latency_s + tokens * self.token_bytes / self.bytes_per_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A device and a cloud: `cloud` is a clock whose sequences compute `drafts` + 1 tokens (`price_clock`, queries)."""

    device: StepClock
    cloud: StepClock
    wire: Wire
    drafts: int
    acceptance: float
    ahead: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Seconds from the question to the first token that is shown and to the last that is confirmed, and counts."""

    first_s: float
    done_s: float
    drafted: int
    revoked: int
    rejections: int
    passes: int
    device_s: float
    cloud_s: float
    device_j: float
    cloud_j: float


def pace_s(pair: Pair, context: int) -> float:
    """Mean seconds of a confirmed token with one batch at a time: a round over the tokens that it confirms."""
    k, wire = pair.drafts, pair.wire
    round_s = k * pair.device.step_s(1, context, []) + wire.way_s(k) + _pass_s(pair, context) + wire.way_s(2)
    return round_s / tokens_per_pass([pair.acceptance] * k)


def cloud_only(pair: Pair, prompt: int, output: int, plain: StepClock) -> tuple[float, float]:
    """Seconds to the first and to the last token of an answer that the cloud makes and sends alone."""
    read = pair.wire.way_s(prompt) + plain.step_s(0, 0, [(prompt, 0)])
    steps = sum(plain.step_s(1, prompt + made, []) for made in range(1, output))
    return read + pair.wire.way_s(1), read + steps + pair.wire.way_s(1)


def answer(pair: Pair, prompt: int, output: int, seed: int = 0) -> Answer:
    """One answer, batch by batch."""
    rng, wire, k = np.random.default_rng(seed), pair.wire, pair.drafts
    read = pair.device.step_s(0, 0, [(prompt, 0)])
    first, sent = read, wire.way_s(prompt)
    reading = pair.cloud.step_s(0, 0, [(prompt, 0)])
    cloud_free, cloud_s = sent + reading, reading
    cloud_j = pair.cloud.step_j(0, 0, [(prompt, 0)])
    device_j = pair.device.step_j(0, 0, [(prompt, 0)])
    free = read - pair.device.step_s(1, prompt, [])  # reading the prompt has made the first draft
    confirmed = drafted = revoked = rejections = passes = 0
    device_s, now = read, 0.0
    while confirmed < output:
        at = confirmed  # the device's position
        verdicts: list[float] = []  # when that of each batch is back
        while True:
            count = min(k, output - at)
            step = pair.device.step_s(1, prompt + at, [])
            begin = max(free, verdicts[-pair.ahead] if len(verdicts) >= pair.ahead else free)
            end = begin + count * step
            begun = max(end + wire.way_s(count), cloud_free)
            cloud_free = begun + _pass_s(pair, prompt + at)
            cloud_s += cloud_free - begun
            cloud_j += pair.cloud.step_j(1, prompt + at, []) if pair.cloud.knows_energy else 0.0
            now = cloud_free + wire.way_s(2)
            kept = int(np.argmin(np.append(rng.random(count) < pair.acceptance, False)))
            drafted, passes, free, at = drafted + count, passes + 1, end, at + count
            device_s += count * step
            device_j += count * pair.device.step_j(1, prompt + at, [])
            verdicts.append(now)
            confirmed += kept
            if kept < count or confirmed >= output:
                break
            if pair.ahead == 1:
                confirmed, free = confirmed + 1, now
                at = confirmed
                if confirmed >= output:
                    break
        if kept < count:
            step = pair.device.step_s(1, prompt + at, [])
            room = (pair.ahead - 1) * k if pair.ahead > 1 else 0
            beyond = min(int((now - free) / step + 1e-9), room, max(output - at, 0))
            drafted, revoked, rejections = drafted + beyond, revoked + count - kept + beyond, rejections + 1
            device_s += beyond * step
            device_j += beyond * pair.device.step_j(1, prompt + at, [])
            confirmed, free = min(confirmed + 1, output), now
    return Answer(
        first_s=first, done_s=now, drafted=drafted, revoked=revoked, rejections=rejections, passes=passes,
        device_s=device_s, cloud_s=cloud_s, device_j=device_j, cloud_j=cloud_j,
    )  # fmt: skip


def _pass_s(pair: Pair, context: int) -> float:
    """Seconds of one pass over the drafts and a token more."""
    more = pair.cloud.step_s(0, 0, [(1 + pair.drafts, 0)]) - pair.cloud.step_s(0, 0, [(1, 0)])
    return pair.cloud.step_s(1, context, []) + max(more, 0.0)
