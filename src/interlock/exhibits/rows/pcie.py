"""PCIe: lanes times rate, and what it leaves of an offloaded model's speed."""

from interlock.exhibits.base import Reproduction, below, claim, reproduction, within
from interlock.exhibits.datasheet import bandwidth
from interlock.exhibits.model_size import weights_bytes
from interlock.exhibits.overlap import pipelined
from interlock.hardware import chip
from interlock.models import model

CLAIM = claim("bandwidth far below that of GPU memory limits offloading", "the survey, IV-A")
EFFICIENCY = 0.85  # of the link, after packets and flow control


def run() -> Reproduction:
    """Gen 4 and 5 x16 at 32 and 64 GB/s a direction; Llama 2 70B streamed to an H100 layer by layer."""
    fourth, fifth = chip("a100-80g").links["host"].bandwidth or 0, chip("h100-sxm").links["host"].bandwidth or 0
    layers = model("llama-2-70b").main.depth
    each = weights_bytes("llama-2-70b") / layers
    fetch, work = each / (fifth * EFFICIENCY), each / bandwidth("h100-sxm")
    token = pipelined([fetch] * layers, [work] * layers)
    return reproduction(
        within("Gen 4 x16, one direction", 32, 16 * 16 / 8, 0.02, "GB/s", "16 GT/s a lane"),
        within("Gen 4 x16 of the A100's record", 32, fourth / 1e9, 1e-9, "GB/s"),
        within("Gen 5 x16 of the H100's record", 64, fifth / 1e9, 1e-9, "GB/s"),
        within(
            "time of a token, streamed: link-bound",
            weights_bytes("llama-2-70b") / (fifth * EFFICIENCY),
            token,
            0.01,
            "s",
        ),
        below("tokens a second, where memory alone would allow 24", 0.5, 1 / token, "token/s"),
    )
