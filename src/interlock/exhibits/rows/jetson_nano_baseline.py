"""Jetson Nano: TaskFusion's baseline."""

from interlock.exhibits.base import Reproduction, above, below, claim, within
from interlock.exhibits.baseline import tokens_per_joule
from interlock.exhibits.datasheet import chip_exhibit, clocked

CLAIM = claim("TaskFusion is 19.83 times as efficient as a Jetson Nano on BERT", "the survey, Table II")


def run() -> Reproduction:
    """472 GFLOP/s and 25.6 GB/s at up to 10 W, as tokens a joule on BERT-base with an error bar."""
    base = tokens_per_joule("bert-base", "jetson-nano")
    design = base.times(19.83)
    return chip_exhibit(
        "jetson-nano",
        within("128 lanes x 4 FLOP x 0.9216 GHz", 472, clocked("jetson-nano", 128 * 4) / 1e9, 0.001, "GFLOP/s"),
        below(
            "predicted tokens a joule, at most those at the static share of the power",
            base.high,
            base.predicted,
            "token/J",
        ),
        above("predicted tokens a joule, at least those at full power", base.low, base.predicted, "token/J"),
        within(
            "TaskFusion in absolute terms over the baseline",
            19.83,
            design.predicted / base.predicted,
            1e-6,
            "",
            f"{design.low:.3g} to {design.high:.3g} token/J",
        ),
        model="gpt2",
    )
