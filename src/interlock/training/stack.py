"""What a training framework adds to the work of the chips, and how far it hides communication behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.cost.parameters import table
from interlock.evidence import Evidence, Source
from interlock.units import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStack:
    """`kernel_s`: the host's time for each kernel that it launches one by one; `step_s`: its own in every step.

    `collective_s`: the wait for each exchange, beyond what the link takes. `attention_ratio`: share of the rate of
    today's attention kernels that its own reach.
    `pace_ratio`: share of the chip's achieved rates that its kernels reach. `overlap_ratio`: share of the backward pass
    behind which gradients are reduced. `fused_attention`, `dropout`: how the runs of this stack compute attention.
    `chips` are those whose runs it was fitted to.
    """

    kernel_s: float = 0.0
    step_s: float = 0.0
    collective_s: float = 0.0
    attention_ratio: float = 1.0
    pace_ratio: float = 1.0
    overlap_ratio: float = 0.0
    fused_attention: bool = True
    dropout: bool = False
    chips: tuple[str, ...] = ()
    source: Source


def training_stacks(file: str = "training") -> Mapping[str, TrainingStack]:
    """The stacks of `data/cost/training.toml`, before any fit; or of `training_fitted`."""
    data = table(file)
    found = {}
    for name in (name for name in data if name not in {"sources", "default", "fit"}):
        entry, source = data["default"] | data[name], data["sources"][name]
        found[name] = TrainingStack(
            kernel_s=parse(entry["kernel"], "s"),
            step_s=parse(entry["step"], "s"),
            collective_s=parse(entry["collective"], "s"),
            attention_ratio=float(entry["attention"]),
            pace_ratio=float(entry["pace"]),
            overlap_ratio=float(entry["overlap"]),
            fused_attention=bool(entry["fused_attention"]),
            dropout=bool(entry["dropout"]),
            chips=tuple(entry.get("chips", ())),
            source=Source(kind=Evidence(source["kind"]), ref=source["ref"]),
        )
    return found
