"""US dollars a second of a chip: an hourly rate where one is known, else the purchase spread over its life.

keeps: the basis is said beside every price, since list rates and own hardware are different things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from interlock.cost.parameters import table
from interlock.evidence import Evidence, Source
from interlock.hardware import Chip

Basis = Literal["hourly", "purchase", "yours"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipPrice:
    """What a second of one chip costs, and how that is known."""

    usd_per_s: float
    basis: Basis
    source: Source


def chip_price(chip: Chip, own: Mapping[str, float] | None = None, prefer: str = "hourly") -> ChipPrice | None:
    """The price of one chip; None where neither a rate nor a purchase price is known.

    Args:
        chip: the chip.
        own: USD an hour by chip name, from the user; wins over the catalogue.
        prefer: "hourly" or "purchase", which of the two counts where both are known.
    """
    if own and chip.id in own:
        ref = f"your price, {own[chip.id]:g} USD/h"
        return ChipPrice(usd_per_s=own[chip.id] / 3600, basis="yours", source=Source(kind=Evidence.ASSUMED, ref=ref))
    options = {"hourly": _hourly(chip), "purchase": _purchase(chip)}
    return options[prefer] or options["purchase" if prefer == "hourly" else "hourly"]


def _hourly(chip: Chip) -> ChipPrice | None:
    if chip.price.hourly is None:
        return None
    source = chip.source_of("price.hourly") or Source(kind=Evidence.ASSUMED, ref=chip.id)
    return ChipPrice(usd_per_s=chip.price.hourly, basis="hourly", source=source)


def _purchase(chip: Chip) -> ChipPrice | None:
    if chip.price.purchase is None:
        return None
    money = table("money")
    seconds = float(money["years"]) * 365.25 * 86400
    capital = chip.price.purchase * (1 + float(money["server_share"])) / seconds
    joule_price = float(money["electricity_usd_per_kwh"]) / 3.6e6 * float(money["power_usage_effectiveness"])
    source = chip.source_of("price.purchase") or Source(kind=Evidence.ASSUMED, ref=chip.id)
    return ChipPrice(usd_per_s=capital + (chip.tdp or 0.0) * joule_price, basis="purchase", source=source)
