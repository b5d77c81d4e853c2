"""Techniques one after the other: "smoothquant+gptq:bits=4", each on what the one before left.

keeps: effects are those of the parts in order, so that a later format of the same kind stands. A part that would undo
       an earlier one (round pruned weights anew, prune what is rounded) is refused, not carried out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import ActivationFormat, Effect, HeldShare, KVFormat, WeightFormat, WideColumns
from interlock.errors import InputError
from interlock.numerics import number_format
from interlock.techniques.base import Parameter, Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration

_SINGLE = (WeightFormat, ActivationFormat, KVFormat)  # of which a later one replaces an earlier one
_ALONE = "one part for the weights (sparsegpt:format=int4-g64 prunes and rounds), others for inputs or the cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed(Technique):
    """Techniques in order.

    Args:
        parts: two or more.
    """

    title: ClassVar[str] = "techniques one after the other"
    paper: ClassVar[str] = ""

    parts: tuple[Technique, ...]

    def __post_init__(self) -> None:
        seen: list[tuple[Technique, Effect]] = []
        for part in self.parts:
            for effect in part.effects():
                before = [other for other, each in seen if _undone(each, effect)]
                if before:
                    raise InputError(
                        "--technique", f"{part.title} after {before[0].title}, whose weights it makes anew", _ALONE
                    )
            seen += [(part, effect) for effect in part.effects()]

    def effects(self) -> tuple[Effect, ...]:
        """Those of the parts, the last of each format."""
        return _standing([effect for part in self.parts for effect in part.effects()])

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Carry out one after the other."""
        done = [part.apply(model, calibration) for part in self.parts]
        return replace(
            done[-1],
            layers=max((each.layers for each in done), key=len),
            effects=_standing([effect for each in done for effect in each.effects]),
            seconds=sum(each.seconds for each in done),
            notes=tuple(note for each in done for note in each.notes),
        )

    def parameters(self) -> dict[str, Parameter]:
        """Those of all parts, numbered."""
        return {
            f"{place}.{key}": value for place, part in enumerate(self.parts, 1) for key, value in asdict(part).items()
        }


def _undone(earlier: Effect, later: Effect) -> bool:
    """Whether the later effect cannot stand beside the earlier one, of another part."""
    if isinstance(earlier, WeightFormat) and isinstance(later, HeldShare):
        return "+" in earlier.name or number_format(earlier.name).element_bits < 16
    sparse = isinstance(earlier, HeldShare) or (isinstance(earlier, WeightFormat) and "+" in earlier.name)
    return sparse and isinstance(later, WeightFormat)


def _standing(effects: list[Effect]) -> tuple[Effect, ...]:
    """Without formats that a later one replaces; shares and columns belong to the weight format before them."""
    found: list[Effect] = []
    for effect in effects:
        if isinstance(effect, _SINGLE):
            found = [each for each in found if type(each) is not type(effect)]
        if isinstance(effect, WeightFormat):
            found = [each for each in found if not isinstance(each, WideColumns | HeldShare)]
        found.append(effect)
    return tuple(found)
