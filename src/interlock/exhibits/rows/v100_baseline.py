"""V100: FACT's baseline, from a ratio to tokens a joule."""

from interlock.exhibits.base import Reproduction, above, below, claim, within
from interlock.exhibits.baseline import tokens_per_joule
from interlock.exhibits.datasheet import chip_exhibit, clocked, peak

CLAIM = claim("FACT is 94.88 times as efficient as a V100 on BERT", "the survey, Table II")


def run() -> Reproduction:
    """The baseline's tokens a joule on BERT-base with an error bar, and what the ratio makes of them."""
    base = tokens_per_joule("bert-base", "v100-32g")
    fact = base.times(94.88)
    return chip_exhibit(
        "v100-32g",
        within("80 SM x 1024 FLOP x 1.53 GHz", 125, clocked("v100-32g", 1024) / 1e12, 0.005, "TFLOP/s"),
        below(
            "predicted tokens a joule, at most those at the static share of the power",
            base.high,
            base.predicted,
            "token/J",
        ),
        above("predicted tokens a joule, at least those at full power", base.low, base.predicted, "token/J"),
        within(
            "FACT in absolute terms over the baseline",
            94.88,
            fact.predicted / base.predicted,
            1e-6,
            "",
            f"{fact.low:.3g} to {fact.high:.3g} token/J",
        ),
        within("peak over that of the RTX 2080 Ti", 2.32, peak("v100-32g", "fp16") / peak("rtx2080ti", "fp16"), 0.01),
    )
