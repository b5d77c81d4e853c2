"""Which candidates meet which limit, which limit binds, and by how much others are missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.search.goals import Goals
from interlock.search.space import Floats, Priced, Space

Mask = NDArray[np.bool_]
QUALITY: Final = "quality loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Masks by limit; what is `hard` cannot be relaxed."""

    space: Space
    priced: Priced
    goals: Goals
    hard: Mask
    soft: dict[str, Mask]
    figures: dict[str, Floats]

    def all(self) -> Mask:
        """Candidates that meet everything."""
        mask = self.hard
        for soft in self.soft.values():
            mask = mask & soft
        return mask

    def without(self) -> dict[str, Mask]:
        """For each limit, candidates that meet everything else."""
        found = {}
        for name in self.soft:
            mask = self.hard
            for other, soft in self.soft.items():
                if other != name:
                    mask = mask & soft
            found[name] = mask
        return found

    def value(self, name: str) -> float:
        """The limit's own value, in SI units; nan for memory, which differs by chip."""
        return self._bounds().get(name, float("nan"))

    def _bounds(self) -> dict[str, float]:
        g = self.goals
        named = {"ttft": g.ttft_s, "tpot": g.tpot_s, "latency": g.latency_s, "power": g.power_w}
        named |= {QUALITY: g.max_quality_loss}
        return {name: value for name, value in named.items() if value is not None} | {"max chips": float(g.max_chips)}

    def binding(self, place: int) -> str:
        """The limit that a candidate uses up most, with its share."""
        shares = {name: float(self.figures[name].ravel()[place]) / bound for name, bound in self._bounds().items()}
        spilled = float(self.priced.spilled.ravel()[place])
        if spilled > 0:
            return f"memory: {spilled / 1e9:.1f} GB a chip spill to the second tier"
        shares["memory"] = float(self.priced.needed.ravel()[place] / self.priced.usable.ravel()[place])
        name = max(shares, key=shares.__getitem__)
        return f"{name} ({100 * shares[name]:.0f} % of what is allowed)"

    def shortfall(self, chip: int) -> str:
        """Why no candidate on this chip is feasible: the single limit missed by least."""
        hard = self.hard[chip]
        if not np.any(hard):
            return self._hard_reason(chip)
        return _closest(self._misses(slice(chip, chip + 1)))

    def missing(self, value: Floats) -> list[str]:
        """Why nothing is feasible anywhere, one line a cause."""
        if not np.any(self.hard):
            chips = enumerate(self.space.chips)
            return [f"{chip.id}: {self._hard_reason(index)}" for index, chip in chips]
        if np.any(self.all()) and not np.any(np.isfinite(value[self.all()])):
            return [f"the {self.goals.objective} of every deployment that meets the limits is unknown"]
        misses = self._misses(slice(None))
        return [_closest(misses)] if misses else [_closest(misses), *self._tradeoffs()]

    def _misses(self, chips: slice) -> dict[str, tuple[float, float]]:
        """For each limit, the best figure among candidates that meet all others, over its bound."""
        found: dict[str, tuple[float, float]] = {}
        for name, mask in self.without().items():
            here = mask[chips]
            if not np.any(here):
                continue
            best = float(np.where(here, self.figures[name][chips], np.inf).min())
            found[name] = (best, self._bounds()[name])
        return found

    def _tradeoffs(self) -> list[str]:
        """The best each figure can be on its own, when no single limit is to blame."""
        lines = []
        for name, bound in self._bounds().items():
            best = float(np.where(self.hard, self.figures[name], np.inf).min())
            if best > bound:
                lines.append(f"alone, the best {name} is {_shown(name, best)} against {_shown(name, bound)}")
        return lines

    def _hard_reason(self, chip: int) -> str:
        cut, ttft = self.priced.cut[chip], self.priced.ttft[chip]
        if not np.any(cut):
            return f"no allowed cut divides the heads, experts and layers of {self.space.model.name}"
        if np.all(np.isnan(ttft)):
            return "the rate of its engines for these formats, or its memory, is not published"
        allowed = cut & self.soft["max chips"][chip]
        needed = np.where(allowed, self.priced.needed[chip], np.inf)
        place = int(np.argmin(needed))
        least, usable = float(needed.ravel()[place]), float(self.priced.usable[chip].ravel()[0])
        chips = float(self.priced.chips[chip].ravel()[place])
        if least > usable:
            have = f"{least / 1e9:.1f} GB needed on each of {chips:.0f}, {usable / 1e9:.1f} GB usable"
            enough = np.ceil(least * chips / usable)
            return f"{have}: {(least - usable) / 1e9:.1f} GB short; {enough:.0f} chips would hold it"
        return "the chips needed have no link that reaches all of them"


def limits_of(priced: Priced, goals: Goals, space: Space) -> Limits:
    """Check every candidate against every limit."""
    fits = priced.spilled <= 0
    runs = priced.cut & np.isfinite(priced.ttft) & np.isfinite(priced.tpot) & (priced.tokens_per_s > 0)
    if not goals.allow_spill:
        runs = runs & fits
    figures = {
        "ttft": priced.ttft,
        "tpot": priced.tpot,
        "latency": priced.latency,
        "power": priced.power,
        "max chips": priced.chips,
    }
    soft: dict[str, Mask] = {"max chips": priced.chips <= goals.max_chips}
    for name, bound in (("ttft", goals.ttft_s), ("tpot", goals.tpot_s), ("latency", goals.latency_s)):
        if bound is not None:
            soft[name] = figures[name] <= bound
    if goals.power_w is not None:
        soft["power"] = figures["power"] <= goals.power_w
    if goals.max_quality_loss is not None:
        figures[QUALITY] = _losses(space, goals)
        soft[QUALITY] = figures[QUALITY] <= goals.max_quality_loss
    return Limits(space=space, priced=priced, goals=goals, hard=runs, soft=soft, figures=figures)


def _losses(space: Space, goals: Goals) -> Floats:
    """The high end of each candidate's loss; inf where it is not known as well as the goals ask."""
    ends = [
        offer.loss.high if offer.loss is not None and offer.counts(goals.quality_basis) else np.inf
        for offer in space.offers
    ]
    return np.broadcast_to(np.array(ends).reshape(1, -1, 1, 1, 1, 1), space.shape)


def _closest(misses: dict[str, tuple[float, float]]) -> str:
    if not misses:
        return "no single limit is to blame: several are missed at once"
    name = min(misses, key=lambda key: misses[key][0] / misses[key][1])
    best, bound = misses[name]
    if name == QUALITY and not np.isfinite(best):
        return f"{name}: {_shown(name, bound)} allowed, and of no formats that meet the other limits is it known"
    more = 100 * (best / bound - 1)
    reach = f"at best {_shown(name, best)} with the other limits met"
    return f"{name}: {reach}, {_shown(name, bound)} allowed ({more:.0f} % over)"


def _shown(name: str, value: float) -> str:
    if name == "max chips":
        return f"{value:.0f} chips"
    if name == "power":
        return f"{value:.0f} W"
    if name == QUALITY:
        return f"{100 * value:.3g} %" if np.isfinite(value) else "unknown"
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"
