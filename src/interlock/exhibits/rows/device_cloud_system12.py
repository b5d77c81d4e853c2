"""Device and cloud as System 1 and System 2: a swift answer always, a deep one where the question is hard."""

import itertools
from collections.abc import Sequence

import numpy as np

from interlock.cost.money import chip_price
from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction, within
from interlock.exhibits.serving import clock, conversations
from interlock.hardware import chip
from interlock.serving.registry import policy
from interlock.serving.remote_drafts import Wire
from interlock.serving.simulation import Engine
from interlock.serving.two_systems import Answers, Minds, ask

CLAIM = claim("the device answers swiftly, the cloud thinks deeply", "the mobile slides, thinking fast and deep")
COUNT, THRESHOLDS = 1200, (-9.0, -1.0, 0.0, 1.0, 9.0)
LOSS, RETRY_S = 0.05, 0.2


def answers(thresholds: Sequence[float], loss: float = LOSS) -> list[Answers]:
    """One stream of questions of many users at each threshold, over round trips of 20 to 400 ms."""
    cloud = Engine(clock=clock("llama-3.1-8b", "h100-sxm"), kv_tokens=300_000)
    minds = Minds(
        device=clock("llama-3.2-1b", "dimensity-9300", 2), cloud=cloud, policy=policy("sarathi-serve"),
        wire=Wire(latency_s=0.05, bytes_per_s=1e6, loss=loss, retry_s=RETRY_S), device_ability=0.0, cloud_ability=2.0,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    difficulty, delays = rng.normal(0.0, 1.0, COUNT), np.exp(rng.uniform(np.log(0.01), np.log(0.2), 2 * COUNT))
    questions = conversations(COUNT, rate=4.0, means=(60.0, 40.0))
    return [ask(minds, questions, difficulty, at, noise=0.3, latencies_s=delays, seed=1) for at in thresholds]


def run() -> Reproduction:
    """Latency, share, cost, energy and quality against the threshold."""
    found, calm = answers(THRESHOLDS), answers(THRESHOLDS[:1], loss=0.0)
    every, half, none = found[0], found[2], found[-1]
    shares = [one.cloud_share for one in found]
    price = chip_price(chip("h100-sxm"), {})
    rate = price.usd_per_s if price else float("nan")
    costs = [rate * one.cloud_s for one in found]
    extra = float(np.mean(every.final_s - calm[0].final_s))
    return reproduction(
        holds("the first token is the device's own at every threshold",
              all(np.array_equal(one.first_s, none.first_s) for one in found)),
        within("questions that see the cloud, with the threshold at their mean", 0.5, half.cloud_share, 0.1),
        holds("fewer go to the cloud as the threshold rises", all(a > b for a, b in itertools.pairwise(shares))),
        holds("and quality falls with them", all(a.quality > b.quality for a, b in itertools.pairwise(found))),
        holds("and what the cloud costs", all(a > b for a, b in itertools.pairwise(costs))),
        holds("and its energy", all(a.cloud_j > b.cloud_j for a, b in itertools.pairwise(found))),
        above("quality won by sending half, of what all would win", 0.5,
              (half.quality - none.quality) / (every.quality - none.quality)),
        within("messages of a question, losses sent again", 2 / (1 - LOSS), every.sent / COUNT, 0.03),
        within("mean wait for lost messages", 2 * RETRY_S * LOSS / (1 - LOSS), extra, 0.25, "s"),
        below("cloud of half the questions, USD for a thousand of all", 1.0, half.cloud_s * rate / COUNT * 1000, "USD"),
    )  # fmt: skip
