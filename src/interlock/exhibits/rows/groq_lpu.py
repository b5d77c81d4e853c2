"""Groq LPU: printed peaks are at 1 GHz, the printed link is one lane; hundreds of chips hold a 70B model."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, within
from interlock.exhibits.datasheet import chip_exhibit, chips_to_hold, decode_rate, peak
from interlock.exhibits.facts import fact
from interlock.hardware import chip

CLAIM = claim("205 TFLOPS FP16, 820 TOPS INT8, 80 TB/s, links of 30 Gb/s", "the accelerator review, Tables 1 to 3")


def run() -> Reproduction:
    """Clock sets, links, and Llama 2 70B at INT8 over 576 chips, 36 stages of 16."""
    lanes, per_lane = 16 * 4, 30e9 / 8
    mxm = 4 * 320 * 320 * 2
    rate = decode_rate("llama-2-70b", "groq-lpu", chips=576, stages=36, weight="int8")
    vendor = fact("groq-llama-2-70b")
    link = chip("groq-lpu").links["scale_up"].bandwidth or 0
    return chip_exhibit(
        "groq-lpu",
        within("INT8 at 1 GHz, 4 planes of 320 x 320", 820, mxm * 1e9 / 1e12, 0.005, "TOP/s", "what is printed"),
        within("product's INT8 over the same at 0.9 GHz", 1.0, peak("groq-lpu", "int8") / (mxm * 0.9e9), 0.02),
        within("INT8 over FP16", 4, peak("groq-lpu", "int8") / peak("groq-lpu", "fp16"), 0.005),
        exactly("64 lanes of 30 Gbit/s, both directions", 480, 2 * lanes * per_lane / 1e9, "GB/s"),
        exactly("the record's bandwidth, one direction", lanes * per_lane / 1e9, link / 1e9, "GB/s"),
        exactly("chips for 70 GB (INT8)", 305, chips_to_hold(70e9, "groq-lpu")),
        exactly("chips for 140 GB (FP16)", 609, chips_to_hold(140e9, "groq-lpu")),
        above("Llama 2 70B on 576 chips, hundreds of", 100, rate, "token/s", f"the vendor serves {vendor.value:g}"),
        below("Llama 2 70B on 576 chips, not thousands of", 1000, rate, "token/s", vendor.source.ref),
        model="llama-2-70b",
        weight="int8",
        chips=576,
        stages=36,
    )
