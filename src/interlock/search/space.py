"""The space of deployments as axes, and its price: one array element a candidate.

idea:   chip, scheme, tensor, expert and pipeline degree and batch each have their own dimension. Formulas broadcast,
        so an operator is priced once for all candidates that share it, and only the last sums have the full size.
keeps:  the order of the axes is the order of `AXES`; results are deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips
from interlock.cost.money import ChipPrice
from interlock.cost.stack import Stack, usual_stack
from interlock.hardware import Chip
from interlock.inference import serve
from interlock.inference.request import divisibility
from interlock.models import Formats, Model, Scheme
from interlock.parallel import Parallelism
from interlock.search.loss import Offer

AXES: Final = ("chip", "scheme", "tensor", "expert", "pipeline", "batch")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The candidates: a product of axes. `batches` count sequences in an engine step, for each pipeline stage."""

    model: Model
    chips: tuple[Chip, ...]
    prices: tuple[ChipPrice | None, ...]
    spill_bytes: tuple[float, ...]  # behind each chip; 0 where there is no second tier or its size is unknown
    schemes: tuple[Scheme, ...]
    tensor: tuple[int, ...]
    expert: tuple[int, ...]
    pipeline: tuple[int, ...]
    batches: tuple[int, ...]
    prompt: float
    output: float
    images: float = 0.0
    skew: float = 0.0
    stack: Stack | None = None  # what serves; what people run on each kind of chip if None
    offers: tuple[Offer, ...] = ()  # what is known of each scheme's quality; empty where nobody asks

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, in the order of `AXES`."""
        return (
            len(self.chips),
            len(self.schemes),
            len(self.tensor),
            len(self.expert),
            len(self.pipeline),
            len(self.batches),
        )

    @property
    def size(self) -> int:
        """Number of candidates."""
        return int(np.prod(self.shape))

    def offer(self, scheme: Scheme) -> Offer | None:
        """What is known of a scheme's quality; None where nobody asks."""
        return next((offer for offer in self.offers if offer.scheme.name == scheme.name), None)

    def parallelism(self) -> Parallelism:
        """The degrees along their axes; as many replicas as the expert ranks span."""
        tensor, expert = _along(self.tensor, 2), _along(self.expert, 3)
        groups = np.maximum(expert / tensor, 1.0)
        return Parallelism(tensor=tensor, expert=expert, pipeline=_along(self.pipeline, 4), data=groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Every candidate's figures: arrays of the space's shape. nan: no engine for the format; inf: no link, no room."""

    cut: NDArray[np.bool_]  # an engine would accept the degrees
    chips: Floats  # of one unit: a replica, or the replicas that share experts
    ttft: Floats
    tpot: Floats
    latency: Floats
    tokens_per_s: Floats  # of one unit
    requests_per_s: Floats
    joules: Floats
    usd: Floats  # for a million output tokens
    power: Floats
    static: Floats  # W drawn by the chips of one unit whatever they do
    spilled: Floats
    needed: Floats  # bytes on the fullest chip
    usable: Floats


def price_space(space: Space, progress: Callable[[int, int], None] | None = None) -> Priced:
    """Price all candidates, one chip after the other so that memory stays bounded and progress can be shown."""
    parts: list[dict[str, Any]] = []
    for index in range(len(space.chips)):
        parts.append(_price_chip(space, index))
        if progress is not None:
            progress(index + 1, len(space.chips))
    columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return Priced(**columns)


def _price_chip(space: Space, index: int) -> dict[str, Any]:
    shape = (1, *space.shape[1:])
    chip, price = space.chips[index], space.prices[index]
    p = space.parallelism()
    columns = Chips.calibrated(chip, (1, 1, 1, 1, 1, 1)).run_by(space.stack or usual_stack(chip.category))
    with np.errstate(invalid="ignore", divide="ignore"):
        s = serve(
            space.model,
            Formats.of(space.schemes, (1, -1, 1, 1, 1, 1)),
            p,
            columns,
            batch=_along(space.batches, 5),
            prompt=space.prompt,
            output=space.output,
            images=space.images,
            skew=space.skew,
        )
        groups = np.asarray(p.data, dtype=float)
        tokens = s.tokens_per_s * groups
        units = np.asarray(p.chips, dtype=float)
        usd_per_s = np.nan if price is None else price.usd_per_s
        beyond = s.spilled > space.spill_bytes[index]
        unknown = np.where(np.isnan(columns.usable), np.nan, 0.0)  # where nobody can say what fits
        figures: dict[str, Any] = {
            "cut": _accepted(space),
            "chips": units,
            "ttft": np.where(beyond, np.inf, s.ttft) + unknown,
            "tpot": np.where(beyond, np.inf, s.tpot),
            "latency": np.where(beyond, np.inf, s.latency),
            "tokens_per_s": np.where(beyond, 0.0, tokens),
            "requests_per_s": np.where(beyond, 0.0, s.requests_per_s * groups),
            "joules": s.joules_per_token,
            "usd": np.where(beyond, np.inf, usd_per_s * units / tokens * 1e6),
            "power": s.power * groups,
            "static": columns.static_power * units,
            "spilled": s.spilled,
            "needed": s.memory.total,
            "usable": columns.usable,
        }
    return {key: np.broadcast_to(value, shape) for key, value in figures.items()}


def _accepted(space: Space) -> NDArray[np.bool_]:
    """Which degrees an engine accepts; depends on three short axes only."""
    found = np.zeros((1, 1, len(space.tensor), len(space.expert), len(space.pipeline), 1), dtype=bool)
    for t, tensor in enumerate(space.tensor):
        for e, expert in enumerate(space.expert):
            for s, pipeline in enumerate(space.pipeline):
                cut = Parallelism(tensor=tensor, expert=expert, pipeline=pipeline, data=max(expert // tensor, 1))
                found[0, 0, t, e, s, 0] = not divisibility(space.model, cut)
    return found


def _along(values: Sequence[float], axis: int) -> Floats:
    shape = [1] * len(AXES)
    shape[axis] = len(values)
    return np.array(values, dtype=float).reshape(shape)


def indices(space: Space, flat: Sequence[int] | NDArray[np.int64]) -> Iterator[tuple[int, ...]]:
    """Positions along the axes of candidates given by their place in the flattened space."""
    for place in np.asarray(flat):
        yield tuple(int(i) for i in np.unravel_index(int(place), space.shape))
