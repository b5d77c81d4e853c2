"""DGX A100: eight A100 on NVSwitch, the baseline of AttAcc."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.datasheet import capacity, decode_bound, decode_rate
from interlock.exhibits.model_size import weights_bytes
from interlock.hardware import chip
from interlock.hardware.node import node

CLAIM = claim("AttAcc is 2.67 times as efficient as a DGX A100 at FP16", "the survey, Table II")


def run() -> Reproduction:
    """GPT-3 175B at FP16 takes 350 of 640 GB; its decode bound and prediction on the whole node."""
    dgx = node("dgx-a100")
    room = dgx.chips * capacity(dgx.chip)
    return reproduction(
        exactly("A100 in the node", 8, dgx.chips),
        holds("joined by NVSwitch", "NVSwitch" in chip(dgx.chip).links["scale_up"].technology),
        exactly("memory of the node", 640, room / 2**30, "GiB"),
        within("GPT-3 175B at FP16", 350, weights_bytes("gpt3-175b") / 1e9, 0.01, "GB"),
        below("it fits", room / 1e9, weights_bytes("gpt3-175b") / 1e9, "GB"),
        below(
            "predicted decoding at batch 1, below the bound",
            decode_bound("gpt3-175b", dgx.chip, chips=8),
            decode_rate("gpt3-175b", dgx.chip, chips=8),
            "token/s",
        ),
    )
