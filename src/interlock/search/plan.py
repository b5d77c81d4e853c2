"""A plan: the best deployment for the goals, what else is worth considering, why the others lost, what would help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from interlock.evidence import Evidence
from interlock.inference.band import Ends
from interlock.inference.estimate import Estimate, estimate_request
from interlock.inference.request import Request
from interlock.parallel import Parallelism
from interlock.search.front import front
from interlock.search.goals import Goals, Objective
from interlock.search.limits import Limits, limits_of
from interlock.search.load import Loaded, under_rate
from interlock.search.quality_notes import quality_notes
from interlock.search.space import Floats, Priced, Space, indices, price_space
from interlock.search.ties import at_risk, surest, tied, time_evidence

if TYPE_CHECKING:
    from interlock.search.trial import Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """The best that another chip can do: feasible but worse, or short of a limit; `why` says which and by how much."""

    chip: str
    estimate: Estimate | None
    why: str
    ratio: float = float("inf")  # of its objective to the recommended one's
    tied: bool = False  # its band overlaps the recommended one's


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """A limit, and how much better the lowest objective would be without it (its ratio, below 1 is better)."""

    limit: str
    value: float
    ratio: float
    example: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The answer. Where nothing meets the goals, `recommended` is None and `missing` says what is short.

    `lowest` has the lowest objective; another one is recommended where the two are tied and `preferred` says why.
    """

    goals: Goals
    space: Space
    candidates: int
    feasible: int
    recommended: Estimate | None
    lowest: Estimate | None
    preferred: str
    binding: str
    front: tuple[Estimate, ...]
    runners: tuple[Runner, ...]
    relaxations: tuple[Relaxation, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    trials: Trials | None = None  # its shortlist under traffic, where that was asked for


def make_plan(
    space: Space, goals: Goals, *, show: int = 12, progress: Callable[[int, int], None] | None = None
) -> Plan:
    """Price the space, keep what meets the goals, rank it."""
    loaded = under_rate(price_space(space, progress), goals.rate, space.output if space.model.generates else 1.0)
    priced = loaded.priced
    limits = limits_of(priced, goals, space)
    value = objective(priced, goals.objective)
    allowed = limits.all()
    best = _best(value, allowed, priced.tpot)
    build = _Builder(space, loaded, goals, limits)
    bests = build.bests(value)
    lowest = None if best is None else build.estimate(best)
    recommended = None if lowest is None else surest(lowest, (e for _, e in bests.values()), goals.objective)
    place = next((place for place, e in bests.values() if e is recommended), best)
    return Plan(
        goals=goals,
        space=space,
        candidates=space.size,
        feasible=int(np.count_nonzero(allowed)),
        recommended=recommended,
        lowest=lowest,
        preferred="" if lowest is None or recommended is None else build.preference(lowest, recommended),
        binding="" if place is None else limits.binding(place),
        front=tuple(build.estimate(each) for each in _front(priced, allowed, value, show, (place, best))),
        runners=() if place is None or recommended is None else tuple(build.runners(value, bests, place, recommended)),
        relaxations=() if best is None else tuple(build.relaxations(value, float(value.ravel()[best]))),
        missing=() if best is not None else tuple(limits.missing(value)),
        notes=(
            *([] if recommended is None else at_risk(recommended, goals)),
            *_notes(space, goals),
            *quality_notes(space, goals, None if recommended is None else recommended.request.scheme),
        ),
    )


def _best(value: Floats, allowed: NDArray[np.bool_], tpot: Floats) -> int | None:
    """The place of the lowest value among what is allowed; of equal ones the fastest, then the first."""
    ranked = np.where(allowed & np.isfinite(value), value, np.inf).ravel()
    lowest = ranked.min()
    if not np.isfinite(lowest):
        return None
    equal = np.flatnonzero(ranked <= lowest * (1 + 1e-9))
    return int(equal[np.argmin(tpot.ravel()[equal])])


def objective(priced: Priced, name: Objective) -> Floats:
    """The figure to minimise for each candidate; nan where unknown."""
    if name == "throughput":
        with np.errstate(divide="ignore"):
            return priced.chips / priced.tokens_per_s
    values = {"cost": priced.usd, "ttft": priced.ttft, "tpot": priced.tpot, "energy": priced.joules}
    return values[name]


def _front(
    priced: Priced, allowed: NDArray[np.bool_], value: Floats, show: int, named: tuple[int | None, ...]
) -> list[int]:
    """Places on the Pareto front over all five objectives, at most `show` of them; those that are named come along."""
    places = np.flatnonzero(allowed.ravel())
    names: tuple[Objective, ...] = ("cost", "throughput", "ttft", "tpot", "energy")
    if places.size == 0:
        return []
    columns = np.stack([objective(priced, name).ravel()[places] for name in names], axis=1)
    columns = np.where(np.isnan(columns), np.inf, columns)
    kept = places[front(columns)]
    extremes = [int(places[_lowest(columns, axis)]) for axis in range(len(names))]
    ordered = kept[np.argsort(value.ravel()[kept], kind="stable")]
    spread = [
        int(place) for place in ordered[np.unique(np.linspace(0, max(len(kept) - 1, 0), max(show, 0)).astype(int))]
    ]
    chosen = list(dict.fromkeys([*(place for place in named if place is not None), *extremes, *spread]))[: max(show, 0)]
    flat, pace = value.ravel(), priced.tpot.ravel()
    return sorted(
        chosen, key=lambda place: (float(f"{np.nan_to_num(flat[place], nan=np.inf):.6g}"), pace[place], place)
    )


def _lowest(columns: Floats, axis: int) -> int:
    """The row that is lowest in one column and, among equal ones, in the others: no row is better everywhere."""
    rows = np.arange(len(columns))
    for column in [axis, *range(columns.shape[1])]:
        values = columns[rows, column]
        rows = rows[values == values.min()]
    return int(rows[0])


def _notes(space: Space, goals: Goals) -> list[str]:
    notes = []
    unpriced = [chip.id for chip, price in zip(space.chips, space.prices, strict=True) if price is None]
    if unpriced and goals.objective == "cost":
        notes.append(f"no price known for {', '.join(unpriced)}: give one with --price {unpriced[0]}=USD/h")
    bases = sorted({price.basis for price in space.prices if price is not None})
    if len(bases) > 1:
        notes.append(f"prices have different bases ({', '.join(bases)}): compare with care")
    if goals.max_quality_loss is None and len({item.weight.bits for item in space.schemes}) > 1:
        notes.append("answer quality is not weighed: --max-quality-loss 1% does, --weight-formats limits the formats")
    return notes


class _Builder:
    """Turns places in the space into full estimates, and says why they lost."""

    def __init__(self, space: Space, loaded: Loaded, goals: Goals, limits: Limits) -> None:
        self.space, self.priced, self.units, self.goals, self.limits = (
            space, loaded.priced, loaded.units, goals, limits,
        )  # fmt: skip

    def estimate(self, place: int) -> Estimate:
        space = self.space
        (c, s, t, e, p, b) = next(indices(space, [place]))
        units = int(self.units.ravel()[place])
        groups = max(space.expert[e] // space.tensor[t], 1)
        degrees = Parallelism(
            tensor=space.tensor[t], expert=space.expert[e], pipeline=space.pipeline[p], data=groups * units
        )
        request = Request(
            model=space.model,
            chip=space.chips[c],
            scheme=space.schemes[s],
            parallelism=degrees,
            batch=space.batches[b] * space.pipeline[p],
            prompt=space.prompt,
            output=space.output,
            images=space.images,
            skew=space.skew,
            stack=space.stack,
        )
        found = estimate_request(request, host_memory=space.spill_bytes[c] or None, price=space.prices[c])
        return found if self.goals.rate is None else self._under_rate(found, place)

    def _under_rate(self, found: Estimate, place: int) -> Estimate:
        """The estimate with the waits, the money and the joules of the rate it carries."""
        p = self.priced
        usd, joules, power = (float(column.ravel()[place]) for column in (p.usd, p.joules, p.power))
        ttft, latency = float(p.ttft.ravel()[place]), float(p.latency.ravel()[place])
        bands = found.bands
        if bands is not None:  # waits in queues are as uncertain as what is waited for
            bands = replace(
                bands,
                ttft_s=_scaled(bands.ttft_s, ttft / found.ttft_s),
                latency_s=_scaled(bands.latency_s, latency / found.latency_s),
            )
        return replace(
            found,
            ttft_s=ttft,
            latency_s=latency,
            bands=bands,
            usd_per_million_tokens=usd if np.isfinite(usd) else None,
            joules_per_token=joules if np.isfinite(joules) else None,
            power_w=power if np.isfinite(power) else None,
        )

    def bests(self, value: Floats) -> dict[int, tuple[int, Estimate]]:
        """The best place of each chip that has one, by the chip's index, and its estimate; the lowest first."""
        allowed = self.limits.all()
        places = ((c, _best(value[c], allowed[c], self.priced.tpot[c])) for c in range(len(self.space.chips)))
        found = {c: c * value[c].size + place for c, place in places if place is not None}
        ordered = sorted(found.items(), key=lambda item: (value.ravel()[item[1]], item[0]))
        return {c: (place, self.estimate(place)) for c, place in ordered}

    def runners(
        self, value: Floats, bests: Mapping[int, tuple[int, Estimate]], winner: int, recommended: Estimate
    ) -> list[Runner]:
        """For each other chip the best it can do, or the limit it misses by least."""
        found: list[Runner] = []
        allowed = self.limits.all()
        chosen = next(indices(self.space, [winner]))[0]
        lowest = min(value.ravel()[place] for place, _ in bests.values())
        rank = "best" if value.ravel()[winner] <= lowest * (1 + 1e-9) else "recommended"
        for c, chip in enumerate(self.space.chips):
            if c == chosen:
                continue
            if c in bests:
                place, mine = bests[c]
                ratio = float(value.ravel()[place] / value.ravel()[winner])
                same = tied(mine, recommended, self.goals.objective)
                why = f"{ratio:.2f} times the {rank} {self._noun()}{', within the error band' if same else ''}"
                found.append(Runner(chip=chip.id, estimate=mine, why=why, ratio=ratio, tied=same))
            elif np.any(allowed[c]):
                found.append(Runner(chip=chip.id, estimate=None, why=f"its {self._noun()} is unknown"))
            else:
                found.append(Runner(chip=chip.id, estimate=None, why=self.limits.shortfall(c)))
        return sorted(found, key=lambda runner: (runner.ratio, runner.chip))

    def preference(self, lowest: Estimate, recommended: Estimate) -> str:
        """Why a deployment is recommended that does not have the lowest objective; nothing where it has."""
        other, mine = lowest.request.chip.id, recommended.request.chip.id
        if other == mine:
            return ""
        sure, less = time_evidence(recommended), time_evidence(lowest)
        return (
            f"tied with {other}, whose {self._noun()} may be lower; preferred because the times of {mine} are {sure}, "
            f"those of {other} {'stand on ' if less is Evidence.FIRST_PRINCIPLES else ''}{less}"
        )

    def _noun(self) -> str:
        """What the objective measures, for a sentence."""
        noun = _NOUN[self.goals.objective]
        return noun if self.space.model.generates else noun.replace("token", "request")

    def relaxations(self, value: Floats, best: float) -> list[Relaxation]:
        """What dropping each limit would buy, the most helpful first; limits that buy less than 1 % are left out."""
        found: list[Relaxation] = []
        for name, mask in self.limits.without().items():
            place = _best(value, mask, self.priced.tpot)
            if place is not None and value.ravel()[place] < best * 0.99:
                ratio = float(value.ravel()[place] / best)
                example = self.estimate(place)
                found.append(Relaxation(limit=name, value=self.limits.value(name), ratio=ratio, example=example))
        return sorted(found, key=lambda item: item.ratio)


def _scaled(ends: Ends, change: float) -> Ends:
    return ends[0] * change, ends[1] * change


_NOUN: dict[Objective, str] = {
    "cost": "cost per token",
    "throughput": "chip time per token",
    "ttft": "time to first token",
    "tpot": "time per token",
    "energy": "energy per token",
}
