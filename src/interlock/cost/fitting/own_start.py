"""Where a fit to one chip's own rows starts, and how far each parameter may go.

idea:    empirical Bayes: parameters start where chips that were not measured stand, and deviate as widely as those of
         the measured chips do. Formats that no shipped set has start as 16-bit ones.
source:  Efron and Morris 1975 (shrinkage towards a common mean).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.coefficients import Coefficients, coefficients
from interlock.cost.calibrated.schemes import SCHEMES, Scheme
from interlock.cost.calibrated.selection import stack_family

_WIDTHS: Final = 3.0  # chips to come differ more than chips at hand: chosen on chips other than those in the docs
_LEAST_WIDTH: Final = 0.05
_UNLIKE: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Logarithms of the parameters and of their widths, with the scale of the features."""

    names: tuple[str, ...]
    centre: Any
    width: Any
    mean: Any
    deviation: Any

    def parameters(self, logs: Any) -> dict[str, float]:
        """Parameters by name."""
        return dict(zip(self.names, np.exp(logs).tolist(), strict=True))


def start_for(scheme: Scheme, stack: str, without: Collection[str] = ()) -> Start:
    """The start for a scheme and stack; `without` some chips, as if they had never been measured."""
    found = coefficients("gemm", scheme.group)
    known = scheme.name if scheme.name in SCHEMES else "bf16"
    names = tuple(next(iter(found.sets.values())).parameters)
    every = {key: _logs(one.parameters, names) for key, one in found.sets.items() if key[0] not in without}
    alike = {key: logs for key, logs in every.items() if key[2] == known} or every
    named = [logs for key, logs in alike.items() if stack_family(key[1]) == stack_family(stack)]
    centre = np.mean(named or list(alike.values()), axis=0) if without else _shared(found, stack, known, names)
    width = np.sqrt(np.mean([(logs - centre) ** 2 for logs in alike.values()], axis=0))
    return Start(
        names=names,
        centre=centre,
        width=np.maximum(width, _LEAST_WIDTH) * _WIDTHS,
        mean=found.network.mean,
        deviation=found.network.deviation,
    )


def at_rows(start: Start, units: Any) -> Start:
    """The start for a machine unlike any that was measured: its launch is below its shortest row, all else is wide."""
    centre = start.centre.copy()
    centre[start.names.index("launch")] = np.log(0.7 * np.min(units))
    return replace(start, centre=centre, width=np.maximum(start.width, _UNLIKE))


def _shared(found: Coefficients, stack: str, scheme: str, names: tuple[str, ...]) -> Any:
    shared = {key: _logs(value, names) for key, value in found.unseen.items() if key[1] == scheme}
    named = [logs for key, logs in shared.items() if key[0] == stack_family(stack)]
    return np.mean(named or list(shared.values()), axis=0)


def _logs(parameters: Mapping[str, float], names: tuple[str, ...]) -> Any:
    return np.log([parameters[name] for name in names])
