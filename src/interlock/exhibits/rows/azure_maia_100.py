"""Maia 100: a record from the vendor's talk, and the decode bound of Llama 2 70B over eight of them."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, decode_bound, peak
from interlock.exhibits.model_size import weights_bytes
from interlock.hardware import chip

CLAIM = claim("0.8 POPS BF16, 3 POPS at 6 bits, 64 GB at 1.8 TB/s, 12 x 400 GbE", "Microsoft, Maia 100, Hot Chips 2024")


def run() -> Reproduction:
    """The talk's figures, and a bound that no measurement has been published for."""
    maia = chip("maia100")
    up, out = maia.links["scale_up"], maia.links["scale_out"]
    source = maia.source_of("memories.main")
    bound = decode_bound("llama-2-70b", "maia100", chips=8)
    return chip_exhibit(
        "maia100",
        exactly("12 x 400 GbE, one direction", 600, ((up.bandwidth or 0) + (out.bandwidth or 0)) / 1e9, "GB/s"),
        within("6-bit over BF16", 3.75, peak("maia100", "fp6") / peak("maia100", "bf16"), 0.001),
        holds("the record cites the talk", source is not None and "Hot Chips 2024" in source.ref),
        within(
            "bound of Llama 2 70B at FP16 on eight chips, unmeasured", 8 * 1.8e12 / 137.95e9, bound, 0.01, "token/s"
        ),
        within("bandwidth", 1.8, bandwidth("maia100") / 1e12, 1e-6, "TB/s"),
        within("weights of Llama 2 70B", 137.95, weights_bytes("llama-2-70b") / 1e9, 0.001, "GB"),
        weight="bf16",
    )
