"""A device that drafts and shows, a cloud that verifies: two real processes, and the simulation in closed form."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.engine import alone, sample
from interlock.exhibits.loopback import Shown, collaborate
from interlock.exhibits.serving import clock
from interlock.serving.clock import affine_clock
from interlock.serving.remote_drafts import Pair, Wire, answer, cloud_only, pace_s

CLAIM = claim(
    "the device shows speculative tokens at once, the cloud verifies several in parallel and the device revokes",
    "the mobile slides, speculative execution between cloud and device",
)
COUNT, DRAFTS = 60, 4


def loopback(latency_s: float, share: float) -> Shown:
    """An answer of two processes; `share` is how far the device's weights are off the cloud's."""
    return collaborate(count=COUNT, drafts=DRAFTS, ahead=8, latency_s=latency_s, share=share)


def pair(latency_s: float, ahead: int) -> Pair:
    """30 ms a token on the device, 20 ms a pass in the cloud, four of five drafts right."""
    wire = Wire(latency_s=latency_s, bytes_per_s=1e6)
    device, cloud = affine_clock(base_s=0.03), affine_clock(base_s=0.02)
    return Pair(device=device, cloud=cloud, wire=wire, drafts=DRAFTS, acceptance=0.8, ahead=ahead)


def run() -> Reproduction:
    """Texts and revocations of the processes; pace and revocations of the simulation; a phone and a server."""
    decoder, prompts, *_ = sample()
    text = alone(decoder, prompts[:1], [COUNT])[0]
    near, far, better = loopback(0.005, 0.2), loopback(0.03, 0.2), loopback(0.03, 0.03)
    one, long = answer(pair(0.1, 1), 100, 20_000), answer(pair(0.1, 100), 100, 20_000)
    late = Wire(latency_s=0.1, bytes_per_s=1e6)
    lost = 4 - (sum(0.8**i for i in range(1, 5)) - 4 * 0.8**4) / (1 - 0.8**4)  # of the batch in which one is wrong
    meanwhile = int((late.way_s(4) + 0.02 + late.way_s(2)) / 0.03)
    phone, server = clock("llama-3.2-1b", "dimensity-9300", 2), clock("llama-3.1-8b", "h100-sxm", 8)
    real = Pair(device=phone, cloud=server, wire=late, drafts=DRAFTS, acceptance=0.7, ahead=8)
    there = answer(real, 128, 200)
    return reproduction(
        holds("two processes: the text that stays is the cloud's, at 5 and at 30 ms",
              near.text == far.text == better.text == text),
        below("first token is shown before anything can have come over the link", 0.03, far.first_s, "s"),
        above("revoked tokens, 30 ms over 5 ms one way", 1.0, far.revoked / near.revoked),
        below("revoked where the device is nearly always right, of all drafted", 0.1, better.revoked / better.drafted),
        above("and where it is more often wrong", 0.1, far.revoked / far.drafted),
        within("simulated pace, one batch at a time, of the closed form", pace_s(pair(0.1, 1), 100),
               one.done_s / 20_000, 0.02, "s"),
        within("revoked a rejection: the batch's rest, and what was drafted in a round trip",
               lost + meanwhile, long.revoked / long.rejections, 0.02),
        exactly("a phone's first token is its own", phone.step_s(0, 0, [(128, 0)]), there.first_s, "s"),
        below("and comes before that of the cloud alone over 100 ms",
              cloud_only(real, 128, 200, server)[0], there.first_s, "s"),
    )  # fmt: skip
