"""NorthPole: no off-chip memory, so models must fit the SRAM of their cards."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, within
from interlock.exhibits.datasheet import capacity, chips_to_hold, clocked, peak
from interlock.exhibits.facts import fact
from interlock.exhibits.model_size import parameters
from interlock.hardware import chip

CLAIM = claim(
    "256 cores, 192 + 32 MB on chip, all weights on chip", "Modha et al., Science 2023; Cassidy et al., ISSCC 2024"
)


def run() -> Reproduction:
    """Which models fit one card at 8 and 4 bits, and how many cards three billion parameters need."""
    room = capacity("northpole")
    fits = {
        (name, bits): parameters(name) * bits / 8 <= room
        for name in ("gpt2", "bert-base", "bert-large", "gpt2-medium", "gpt2-xl")
        for bits in (8, 4)
    }
    cards = chips_to_hold(3e9 * 0.5, "northpole")
    return Reproduction(
        figures=(
            within("256 cores x 2048 operations x 0.4 GHz", 209.7, clocked("northpole", 2048) / 1e12, 0.001, "TOP/s"),
            exactly("INT4 over INT8", 2, peak("northpole", "int4") / peak("northpole", "int8")),
            exactly("on-chip memory", 224, room / 1e6, "MB"),
            exactly(
                "of five models, those that fit one card at INT8",
                2,
                sum(ok for (_, bits), ok in fits.items() if bits == 8),
            ),
            exactly("the same at INT4", 4, sum(ok for (_, bits), ok in fits.items() if bits == 4)),
            exactly("cards for 3 billion parameters at INT4", 7, cards),
            below(
                "cards for them with the KV cache, as demonstrated", 16, cards, note=fact("northpole-16-3b").source.ref
            ),
            holds("nothing is streamed from outside", "SRAM" in chip("northpole").main.technology),
        ),
        printed=chip("northpole").printed,
    )
