"""RTX 2080 Ti: TransPIM's baseline; the printed ratio is its best case, not its mean."""

from interlock.exhibits.base import Reproduction, above, below, claim, within
from interlock.exhibits.baseline import tokens_per_joule
from interlock.exhibits.datasheet import chip_exhibit, clocked

CLAIM = claim(
    "TransPIM is 666.6 times as efficient as an RTX 2080 Ti (the largest of its cases)", "the survey, Table II"
)


def run() -> Reproduction:
    """The baseline's tokens a joule on BERT-base with an error bar; the ratio gives an upper end."""
    base = tokens_per_joule("bert-base", "rtx2080ti")
    best = base.times(666.6)
    return chip_exhibit(
        "rtx2080ti",
        within("68 SM x 512 FLOP x 1.545 GHz", 53.8, clocked("rtx2080ti", 512) / 1e12, 0.005, "TFLOP/s"),
        below(
            "predicted tokens a joule, at most those at the static share of the power",
            base.high,
            base.predicted,
            "token/J",
        ),
        above("predicted tokens a joule, at least those at full power", base.low, base.predicted, "token/J"),
        within(
            "TransPIM at best, over the baseline",
            666.6,
            best.predicted / base.predicted,
            1e-6,
            "",
            f"at most {best.high:.3g} token/J; a mean is not published",
        ),
        model="gpt2-xl",
    )
