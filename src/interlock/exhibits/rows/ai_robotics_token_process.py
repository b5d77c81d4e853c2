"""Robotics: look, think, act; the rate that models and devices reach against the one that is wanted."""

from interlock import api
from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction, within
from interlock.exhibits.robot import ControlLoop, control_hz

CLAIM = claim("vision-language-action loops with deadlines", "the mobile slides, AI robotics")
# One image, encoded, and an instruction.
LOOP = ControlLoop(observation_tokens=576 + 64, action_tokens=8, images=1, wanted_hz=3)
MODELS = ("llava-1.5-7b", "llava-1.5-13b")
DEVICES = ("dimensity-9300", "jetson-agx-orin-64g", "rtx4090", "h100-sxm")


def run() -> Reproduction:
    """1 / (encode + prefill of the observation + action tokens) on a phone, a robot's module and two GPUs, at INT8."""
    rates = {(m, d): control_hz(m, d, LOOP, weight="int8") for m in MODELS for d in DEVICES}
    e = api.explain(
        MODELS[0], "rtx4090", weight_format="int8", prompt=LOOP.observation_tokens, output=8, images=1, stack="ideal"
    )
    vision = sum(line.time_s for line in e.lines if line.operator.startswith("vision."))
    words = sum(line.time_s for line in e.lines if line.phase == "prefill") - vision
    action = e.estimate.latency_s - vision - words
    shown = ", ".join(f"{m} on {d}: {rate:.2g}" for (m, d), rate in rates.items())
    return reproduction(
        exactly("combinations", 8, len(rates), note=f"Hz: {shown}"),
        within("rate from its parts", 1 / (vision + words + action), rates[MODELS[0], "rtx4090"], 1e-6, "Hz"),
        holds("encoding the image is part of it", 0 < vision < words),
        holds("the larger model is never faster", all(rates[MODELS[0], d] >= rates[MODELS[1], d] for d in DEVICES)),
        holds("3 Hz is met by 7B on an H100", rates[MODELS[0], "h100-sxm"] >= LOOP.wanted_hz),
        holds("and missed by 7B on a phone", rates[MODELS[0], "dimensity-9300"] < LOOP.wanted_hz),
    )
