"""What predicts: a function for each family of measurements, and what stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import calibrated as products
from interlock.errors import UnsupportedError
from interlock.evidence import Evidence
from interlock.evidence.measurement import FAMILIES, Measurements
from interlock.validation import operators, requests
from interlock.validation.requests.fit import fitting_part
from interlock.validation.requests.stack import fitted_table_rows

Predict = Callable[[Measurements], NDArray[np.float64]]  # the measured quantity of each row; nan where unknown

_WHOLE: Final[dict[str, Predict]] = {"request": requests.predict, "training": requests.predict}


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """Functions by family; `calibration` says on what they were fitted, so that nobody reads a fit as a prediction."""

    name: str
    calibration: str
    families: Mapping[str, Predict]

    def __call__(self, measurements: Measurements) -> NDArray[np.float64]:
        """The prediction of each row; nan where there is none."""
        nothing = np.full(len(measurements), np.nan)
        if measurements.family not in self.families or not len(measurements):
            return nothing
        try:
            return np.asarray(self.families[measurements.family](measurements), dtype=float)
        except UnsupportedError:
            return nothing


def calibrated() -> Predictor:
    """Matrix products by the formula and correction that were fitted; rows that the fit saw are left out."""
    told = "matrix products fitted on a tenth of AIConfigurator 0.12.0's tables; scored on the rest and on other sets"
    return Predictor(name="calibrated", calibration=told, families={"gemm": products.predict})


def fitted_stacks() -> Predictor:
    """Requests with the constants of serving stacks that were fitted; rows that the fit saw are left out."""
    told = "times of serving stacks fitted on a tenth of LLM-Inference-Bench; scored on the rest and on other sets"
    return Predictor(name="fitted stacks", calibration=told, families={"request": _with_fitted_stacks})


def _with_fitted_stacks(measurements: Measurements) -> NDArray[np.float64]:
    known = requests.stacks("stacks_fitted")
    predicted = requests.predict(measurements, known)
    fitted = [name for name, stack in known.items() if stack.source.kind is Evidence.CALIBRATED]
    predicted[~np.isin(measurements["stack"], fitted)] = np.nan
    if "place" in measurements.columns:
        rows = fitted_table_rows()
        place = np.minimum(measurements["place"].astype(int), rows - 1)
        other = measurements["table_rows"] != rows  # another copy: what the fit saw of it cannot be told
        predicted[fitting_part(rows)[place] | other] = np.nan
    return predicted


def shipped() -> tuple[Predictor, ...]:
    """What `interlock validate` compares: the formulas as they are, then what is fitted on measurements."""
    return first_principles(), calibrated(), fitted_stacks()


def first_principles() -> Predictor:
    """The formulas of cost/ and inference/ as they are shipped."""
    families = {family: _WHOLE.get(family, operators.predict) for family in FAMILIES}
    return Predictor(name="first principles", calibration="no calibration yet", families=families)
