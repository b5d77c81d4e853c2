"""Multimodal assistants: encoder, prefill and decoding meet a deadline, or the bottleneck is named."""

from interlock import api
from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction, within

CLAIM = claim(
    "camera, audio and document inputs become tokens for assistants", "the mobile slides, token process of LMM"
)
MODEL, TEXT, ANSWER = "llava-1.5-7b", 32, 16
DEADLINES = {"a photo explained": 10.0, "a street sign translated": 3.0, "a frame of a video call": 1 / 3}


def stages(device: str) -> dict[str, float]:
    """Seconds of each stage for one image, a short question and a short answer."""
    prompt = 576 + TEXT
    e = api.explain(MODEL, device, weight_format="int8", prompt=prompt, output=ANSWER, images=1, stack="ideal")
    encode = sum(line.time_s for line in e.lines if line.operator.startswith("vision."))
    first = sum(line.time_s for line in e.lines if line.phase == "prefill")
    step = sum(line.time_s for line in e.lines if line.phase == "decode")
    return {"encoder": encode, "prefill": first - encode, "decode": ANSWER * step}


def verdict(device: str, deadline: float) -> str:
    """ "met", or the stage that takes longest where the deadline is missed."""
    found = stages(device)
    return "met" if sum(found.values()) <= deadline else max(found, key=found.__getitem__)


def run() -> Reproduction:
    """Three deadlines on a phone, an edge module and a server GPU."""
    devices = ("dimensity-9300", "jetson-agx-orin-64g", "h100-sxm")
    found = {(device, what): verdict(device, limit) for device in devices for what, limit in DEADLINES.items()}
    phone, server = stages(devices[0]), stages(devices[2])
    e = api.estimate(MODEL, "h100-sxm", weight_format="int8", prompt=576 + TEXT, output=ANSWER, images=1, stack="ideal")
    assert e.service.decode is not None
    whole = float(e.service.prefill.time + ANSWER * e.service.decode.time)
    met = {device: [found[device, what] == "met" for what in DEADLINES] for device in devices}  # longest deadline first
    shown = "; ".join(f"{device}, {what}: {word}" for (device, what), word in found.items())
    return reproduction(
        exactly("verdicts", 9, len(found), note=shown),
        within("stages of the server add up to its prefill and decoding", whole, sum(server.values()), 1e-6, "s"),
        holds("the server meets all three", all(found[devices[2], what] == "met" for what in DEADLINES)),
        holds(
            "the phone misses the video call and names a stage", found[devices[0], "a frame of a video call"] in phone
        ),
        holds(
            "no shorter deadline is met where a longer one is missed",
            all(row == sorted(row)[::-1] for row in met.values()),
        ),
    )
