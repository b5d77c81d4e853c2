"""Fitting watts of kernels: rows in, three shares, a network, a band and held-out errors out.

idea:    the three shares by least absolute errors on a grid, then the network on what they leave; 8 % of the rows
         train, 2 % set the band, the rest only scores the result, with the NumPy code and rounded numbers shipped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.facts import facts
from interlock.cost.calibrated.power import (
    PATH,
    SHORTEST_S,
    Power,
    PowerKind,
    kernels,
    parts_of,
    read_power,
    three_terms,
    watts_of,
    write_power,
)
from interlock.cost.calibrated.power_features import PowerTerms, power_terms
from interlock.cost.calibrated.split import BAND, HELD_OUT, TRAIN
from interlock.cost.fitting.power_tables import power_tables
from interlock.cost.fitting.tables import VERSION
from interlock.cost.fitting.train import Codes, Settings, fit_network
from interlock.evidence.measurement import Measurements
from interlock.hardware import chip

SETTINGS: Final = Settings(network_steps=1000, hidden=48, embedding=3, bound=1.0, decay=1e-2, noise=0.1)
_STATIC: Final = np.linspace(0.2, 0.6, 9)
_REST: Final = np.linspace(0.0, 1.0, 11)


def refit_power(folder: Path, seed: int = 0, to: Path = PATH) -> Path:
    """Fit the full tables and store the result."""
    write_power(to, fit_power(power_tables(folder), seed))
    return to


def fit_power(measurements: Iterable[Measurements], seed: int = 0, settings: Settings = SETTINGS) -> Power:
    """Fitted power of each family on each chip."""
    kinds: dict[tuple[str, str], PowerKind] = {}
    rows = np.zeros(3, dtype=int)
    about: Measurements | None = None
    for part in measurements:
        about = part
        sound = part.where(np.asarray(part["seconds"], dtype=float) >= SHORTEST_S)
        for name in map(str, np.unique(sound["chip"])):
            some = sound.where(sound["chip"] == name)
            kind, counts = _fitted(some, name, seed, settings)
            kinds[name, str(some["family"][0])] = kind
            rows += counts
    assert about is not None  # the tables hold some, or reading them has failed
    fit = {
        "set": about.set_name,
        "source": about.source.ref,
        "version": VERSION,
        "licence": about.licence,
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "split": "by a hash of chip, kernel, formats and sizes: 8 % train, 2 % bands, the rest held out",
        "rows": dict(zip(("train", "bands", "held out"), map(int, rows), strict=True)),
        "shortest_s": SHORTEST_S,
    }
    return Power(fit=fit, kinds=kinds)


def _fitted(part: Measurements, name: str, seed: int, settings: Settings) -> tuple[PowerKind, Any]:
    one = chip(name)
    here, limit = facts(one, "bf16"), float(one.tdp or np.inf)
    runs = kernels(part)
    code, split = np.zeros(len(part), dtype=int), np.zeros(len(part), dtype=int)
    for place, (key, rows) in enumerate(runs):
        code[rows], split[rows] = place, parts_of(key, part.where(rows), seed)
    terms, watts = power_terms(part.columns, here), np.asarray(part["power_w"], dtype=float)
    train = split == TRAIN
    shares = _shares(_where(terms, train), watts[train], limit)
    logs = np.log(watts / three_terms(shares, terms, limit))
    zeros = np.zeros(int(train.sum()), dtype=int)
    codes = Codes(sets=code[train], chips=zeros, stacks=zeros, counts=(len(runs), 1, 1))
    network, own = fit_network(terms.features[train], logs[train], codes, seed, settings)
    kind = PowerKind(
        shares=shares,
        least_w=round(float(watts[train].min()), 1),
        facts=here,
        network=network,
        sets={key[2]: own(place, 0, 0) for place, (key, _) in enumerate(runs)},
        band=(0.0, 0.0),
        held_out={},
    )
    kind = _rounded(kind)
    guess = np.empty(len(part))
    for place, (key, _) in enumerate(runs):
        mine = code == place
        guess[mine] = np.clip(watts_of(kind, key[2], _where(terms, mine), limit), kind.least_w, limit)
    left = np.log(watts / guess)
    low, high = np.quantile(left[split == BAND], [0.05, 0.95])
    away = split == HELD_OUT
    ratio = guess[away] / watts[away] - 1.0
    held_out = {
        "rows": int(away.sum()),
        "mape": float(100.0 * np.mean(np.abs(ratio))),
        "median": float(100.0 * np.median(np.abs(ratio))),
        "bias": float(100.0 * np.mean(ratio)),
        "inside": float(100.0 * np.mean((left[away] >= low) & (left[away] <= high))),
        "three terms": float(100.0 * np.mean(np.abs(np.exp(-logs[away]) - 1.0))),
        "constant": float(100.0 * np.mean(np.abs(np.median(watts[train]) / watts[away] - 1.0))),
    }
    counts = np.array([(split == part_code).sum() for part_code in (TRAIN, BAND, HELD_OUT)])
    return replace(kind, band=(float(low), float(high)), held_out=held_out), counts


def _shares(terms: PowerTerms, watts: Any, limit: float) -> tuple[float, float, float]:
    tried = [(float(s), float(a), float(m)) for s, a, m in product(_STATIC, _REST, _REST)]
    return min(tried, key=lambda shares: float(np.mean(np.abs(np.log(watts / three_terms(shares, terms, limit))))))


def _where(terms: PowerTerms, mask: Any) -> PowerTerms:
    return PowerTerms(*(column[mask] for column in terms))


def _rounded(kind: PowerKind) -> PowerKind:
    """What the file will say."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "power.json"
        write_power(path, Power(fit={}, kinds={("", ""): kind}))
        return read_power(path).kinds["", ""]
