"""What applying a technique leaves behind: the changed model and the record of what was done to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import process_time

from torch import nn

from interlock.effects import Effect
from interlock.surgery.linear import weight_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecord:
    """One changed linear layer.

    `objective` is tr(dW H dW^T), the squared error of the layer's output on its calibration inputs (twice the mean over
    tokens, summed over outputs), `nearest` the same for rounding to nearest on the same grid; None without inputs.
    """

    name: str
    rows: int
    columns: int
    nearest: float | None = None
    objective: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A changed model and its record.

    Args:
        model: the given model itself, changed in place.
        layers: what was changed, in the order of the forward pass.
        stored: real bytes by tensor class, see `interlock.surgery.stored`.
        effects: as carried out; what a technique learns from the data (a share of outliers) is filled in.
        seconds: CPU seconds of this process.
        notes: what a reader should know, such as layers that were left alone.
    """

    model: nn.Module
    layers: tuple[LayerRecord, ...]
    stored: dict[str, int]
    effects: tuple[Effect, ...]
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Ledger:
    """Collects records while a technique works; the clock starts when it is made."""

    layers: list[LayerRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started: float = field(default_factory=process_time)

    def enter(self, name: str, module: nn.Module, nearest: float | None = None, objective: float | None = None) -> None:
        """Note a changed layer."""
        shape = weight_of(module).shape
        name = name.removesuffix(".linear")  # a layer with steps on its input goes by its own name
        self.layers.append(
            LayerRecord(name=name, rows=shape[0], columns=shape[1], nearest=nearest, objective=objective)
        )

    def close(self, model: nn.Module, effects: tuple[Effect, ...]) -> Applied:
        """The finished record."""
        from interlock.surgery.stored import stored_bytes

        return Applied(
            model=model,
            layers=tuple(self.layers),
            stored=stored_bytes(model),
            effects=effects,
            seconds=process_time() - self.started,
            notes=tuple(self.notes),
        )
