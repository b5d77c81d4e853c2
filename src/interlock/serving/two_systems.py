"""A device that answers at once (System 1) and a cloud that answers what is hard (System 2), over a link that loses.

idea:    every question is answered on its own device; those whose difficulty, as the router sees it, is above a
         threshold go to the cloud, too, whose answer replaces the device's. The cloud's batches and queues are
         simulated with all that reaches it.
source:  the chance that an answer is right falls with difficulty as in Rasch's model, 1 / (1 + exp(difficulty -
         ability)); abilities and difficulties are the user's to give.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from interlock.serving.clock import StepClock
from interlock.serving.policy import Policy
from interlock.serving.remote_drafts import Wire
from interlock.serving.simulation import Engine, simulate
from interlock.workloads.requests import Requests

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Minds:
    """Who answers: devices, each with its own clock, and one cloud; abilities on the scale of difficulty."""

    device: StepClock
    cloud: Engine
    policy: Policy
    wire: Wire
    device_ability: float
    cloud_ability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Columns over questions: seconds to the first useful token and to the final answer, and whether the cloud made it.

    `quality` is the mean chance of a right answer; `sent` counts messages, those that were lost included.
    """

    first_s: Floats
    final_s: Floats
    escalated: NDArray[np.bool_]
    quality: float
    device_j: float
    cloud_j: float
    cloud_s: float
    sent: int

    @property
    def cloud_share(self) -> float:
        """Questions that the cloud answered."""
        return float(self.escalated.mean())


def ask(
    minds: Minds, questions: Requests, difficulty: Floats, threshold: float, *, noise: float = 0.0,
    latencies_s: Floats | None = None, seed: int = 0,
) -> Answers:  # fmt: skip
    """Answer all questions.

    Args:
        minds: device and cloud.
        questions: when they come and how long they and their answers are.
        difficulty: of each.
        threshold: what the router sees above it goes to the cloud.
        noise: deviation of what the router sees from the difficulty.
        latencies_s: one-way latencies in the order in which messages are sent, as measured, repeated if they are few;
            the wire's own if None.
        seed: of noise and losses.
    """
    rng = np.random.default_rng(seed)
    up = difficulty + rng.normal(0.0, noise, len(questions)) > threshold
    clock, wire = minds.device, minds.wire
    pairs = list(zip(questions.prompt.tolist(), questions.output.tolist(), strict=True))
    read = np.asarray([clock.step_s(0, 0, [(prompt, 0)]) for prompt, _ in pairs])
    own = [sum(clock.step_s(1, prompt + made, []) for made in range(1, output)) for prompt, output in pairs]
    joules = sum(
        clock.step_j(0, 0, [(prompt, 0)]) + sum(clock.step_j(1, prompt + made, []) for made in range(1, output))
        for prompt, output in pairs
    )
    final = read + np.asarray(own)
    cloud_j, cloud_s, sent = 0.0, 0.0, 0
    if np.any(up):
        count = int(up.sum())
        delays = np.full(2 * count, wire.latency_s) if latencies_s is None else np.resize(latencies_s, 2 * count)
        tries = rng.geometric(1.0 - wire.loss, 2 * count)
        sent = int(tries.sum())
        ways = delays + (tries - 1) * wire.retry_s
        there, back = ways[:count], ways[count:]
        prompt, output = questions.prompt[up], questions.output[up]
        arrives = questions.arrival_s[up] + there + prompt * wire.token_bytes / wire.bytes_per_s
        order = np.argsort(arrives, kind="stable")
        come = replace(
            questions.first(count), arrival_s=arrives[order], prompt=prompt[order], output=output[order],
            client=np.zeros(count, np.int64), session=np.full(count, -1),
            prefix_at=np.zeros(count + 1, np.int64), prefix=np.zeros(0, np.int64), clients=("all",),
        )  # fmt: skip
        found = simulate(come, minds.cloud, minds.policy, compiled=False)
        done = np.empty(count)
        done[order] = found.finish_s
        final[up] = done + back + output * wire.token_bytes / wire.bytes_per_s - questions.arrival_s[up]
        cloud_j, cloud_s = float(found.replicas["joules"].sum()), float(found.replicas["busy_s"].sum())
    ability = np.where(up, minds.cloud_ability, minds.device_ability)
    return Answers(
        first_s=read, final_s=final, escalated=up, quality=float(np.mean(1.0 / (1.0 + np.exp(difficulty - ability)))),
        device_j=float(joules), cloud_j=cloud_j, cloud_s=cloud_s, sent=sent,
    )  # fmt: skip
