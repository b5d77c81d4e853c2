"""Two fits by gradient, both of absolute errors of logarithms: the formula's parameters, then the correction.

idea:    parameters of a set = base + stack family + (chip + set), the bracket left out in a quarter of the draws, so
         that base and stack family alone stand for a chip that was not measured. The formula is then held fixed, and
         the network learns what is left.
needs:   torch, imported inside.
source:  Adam: Kingma and Ba 2015. One-cycle rates: Smith and Topin 2018. The network's steps: `orthogonal.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.network import CLIP, Network, Own
from interlock.cost.calibrated.product_terms import STARTS, Terms, product_units
from interlock.cost.fitting.orthogonal import stepper
from interlock.errors import MissingExtraError

_CONSTANT: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Sizes and rates; the defaults were chosen on rows of the band part only."""

    formula_steps: int = 200
    network_steps: int = 1500
    batch: int = 2048
    formula_rate: float = 0.05
    network_rate: float = 6e-3
    matrix_rate: float = 0.1  # of the network's two hidden matrices
    hidden: int = 64
    embedding: int = 8
    bound: float = 0.7
    left_out: float = 0.25  # share of the draws without chip and set
    decay: float = 1e-3
    pull: float = 1e-3  # of the deviations from the base towards zero
    network_batch: int = 2048
    noise: float = 0.0  # standard deviations added to features while training: smooths where rows are few
    forgotten: float = 0.0  # share of the draws in which the network is not told chip and set


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """For each row: its set, chip and stack family; and how many of each there are."""

    sets: Any
    chips: Any
    stacks: Any
    counts: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """Logarithms of the parameters: (parameters,) and one row a stack family, chip, set."""

    names: tuple[str, ...]
    base: Any
    stacks: Any
    chips: Any
    sets: Any

    def of_set(self, code: int, chip: int, stack: int) -> dict[str, float]:
        """The parameters of one set."""
        return self._named(self.base + self.stacks[stack] + self.chips[chip] + self.sets[code])

    def of_stack(self, stack: int) -> dict[str, float]:
        """The parameters of a chip that was not measured."""
        return self._named(self.base + self.stacks[stack])

    def _named(self, logs: Any) -> dict[str, float]:
        return {name: float(value) for name, value in zip(self.names, np.exp(logs), strict=True)}


def fit_formula(terms: Terms, log_units: Any, codes: Codes, seed: int, settings: Settings) -> Formula:
    """Parameters of products; `log_units` is the logarithm of the measured time in the formula's unit."""

    def units(columns: Any, parameters: Mapping[str, Any], xp: Any) -> Any:
        return product_units(Terms.of_matrix(columns), parameters, xp)

    return fit_parameters(terms.columns(), units, STARTS, log_units, codes, seed, settings)


def fit_parameters(
    terms: Sequence[Any],
    units: Callable[[Any, Mapping[str, Any], Any], Any],
    starts: Mapping[str, float],
    log_units: Any,
    codes: Codes,
    seed: int,
    settings: Settings,
) -> Formula:
    """Parameters of any formula `units(terms, parameters, array module)`; `terms` are the rows of a matrix."""
    torch = load_torch()
    torch.manual_seed(seed)
    names = tuple(starts)
    columns = torch.stack([torch.as_tensor(np.asarray(c, np.float32)) for c in terms], 1)
    truth = torch.as_tensor(np.asarray(log_units, np.float32))
    s, c, f = (torch.as_tensor(np.asarray(code)) for code in (codes.sets, codes.chips, codes.stacks))
    base = torch.tensor([float(np.log(starts[name])) for name in names], requires_grad=True)
    of_sets, of_chips, of_stacks = (torch.zeros(count, len(names), requires_grad=True) for count in codes.counts)
    step = _stepper([base, of_sets, of_chips, of_stacks], settings.formula_rate, settings.formula_steps)
    for _ in range(settings.formula_steps):
        i = torch.randint(len(truth), (settings.batch,))
        keep = (torch.rand(len(i), 1) > settings.left_out).float()
        logs = base + of_stacks[f[i]] + (of_chips[c[i]] + of_sets[s[i]]) * keep
        parameters = dict(zip(names, logs.exp().unbind(1), strict=True))
        guess = units(columns[i].T.contiguous(), parameters, torch)
        spread = of_chips.square().mean() + of_stacks.square().mean() + 3.0 * of_sets.square().mean()
        step((guess.log() - truth[i]).abs().mean() + settings.pull * spread)
    found = [value.detach().numpy().astype(float) for value in (base, of_stacks, of_chips, of_sets)]
    return Formula(names=names, base=found[0], stacks=found[1], chips=found[2], sets=found[3])


def fit_network(
    features: Any, logs: Any, codes: Codes, seed: int, settings: Settings
) -> tuple[Network, Callable[[int, int, int], Own]]:
    """The shared network, and a function from the codes of set, chip and stack family to what belongs to the set.

    `logs`: logarithm of measured over formula.
    """
    torch = load_torch()
    torch.manual_seed(seed)
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    deviation[deviation < _CONSTANT] = 1.0  # or the rounding of the mean would look like a difference
    x = torch.as_tensor(np.clip((features - mean) / deviation, -CLIP, CLIP).astype(np.float32))
    truth = torch.as_tensor(np.asarray(logs, np.float32))
    s, c, f = (torch.as_tensor(np.asarray(code)) for code in (codes.sets, codes.chips, codes.stacks))
    wide, hidden = settings.embedding, settings.hidden
    first, second = torch.nn.Linear(x.shape[1] + wide, hidden), torch.nn.Linear(hidden, hidden)
    e_set, e_chip, e_stack = (torch.nn.Parameter(torch.randn(count, wide) * 0.3) for count in codes.counts)
    gain, own_last = (torch.nn.Parameter(torch.zeros(codes.counts[0], hidden)) for _ in range(2))
    last, last_bias = torch.nn.Parameter(torch.zeros(hidden)), torch.nn.Parameter(torch.zeros(1))
    others = [first.bias, second.bias, e_set, e_chip, e_stack, gain, own_last, last, last_bias]
    rates = settings.matrix_rate, settings.network_rate
    step = stepper([first.weight, second.weight], others, settings.network_steps, rates, settings.decay)
    silu = torch.nn.functional.silu
    for i in _batches(len(truth), settings.network_batch, settings.network_steps):
        seen = x[i] + settings.noise * torch.randn(len(i), x.shape[1]) if settings.noise else x[i]
        told = (torch.rand(len(i), 1) >= settings.forgotten).float() if settings.forgotten else 1.0
        h = silu(first(torch.cat([seen, e_stack[f[i]] + (e_chip[c[i]] + e_set[s[i]]) * told], 1)))
        h = silu(second(h * (1.0 + gain[s[i]] * told)))
        out = h @ last + last_bias + (h * own_last[s[i]] * told).sum(1)
        step((settings.bound * torch.tanh(out / settings.bound) - truth[i]).abs().mean())

    def plain(value: Any) -> Any:
        return value.detach().numpy().astype(np.float32)

    shared = Network(
        bound=settings.bound,
        mean=mean.astype(np.float32),
        deviation=deviation.astype(np.float32),
        first=plain(first.weight).T.copy(),
        first_bias=plain(first.bias),
        second=plain(second.weight).T.copy(),
        second_bias=plain(second.bias),
        last=plain(last),
        last_bias=float(plain(last_bias)[0]),
    )

    def own(code: int, chip: int, stack: int) -> Own:
        embedding = plain(e_set[code] + e_chip[chip] + e_stack[stack])
        return Own(embedding=embedding, gain=plain(gain[code]), last=plain(own_last[code]))

    return shared, own


def load_torch() -> Any:
    """The torch module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingExtraError("fitting coefficients", "calibrate") from None
    return torch


def _batches(rows: int, batch: int, steps: int) -> Iterator[Any]:
    """Rows of each step: all in random order, then all in another one; a rest that fills no batch is left."""
    torch = load_torch()
    size = min(batch, rows)
    order, place = torch.randperm(rows), 0
    for _ in range(steps):
        if place + size > rows:
            order, place = torch.randperm(rows), 0
        yield order[place : place + size]
        place += size


def _stepper(learnt: Sequence[Any], rate: float, steps: int) -> Callable[[Any], None]:
    torch = load_torch()
    optimizer = torch.optim.Adam(learnt, lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, max(steps, 2), pct_start=0.15)

    def step(loss: Any) -> None:
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
        schedule.step()

    return step
