"""What predicts: a function for each family of measurements, and what stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import calibrated as products
from interlock.cost.calibrated.collective_predict import collective_band, predict_collectives
from interlock.cost.calibrated.left_out import predict_left_out
from interlock.cost.calibrated.measured_operators import PREDICTED, operator_band
from interlock.cost.calibrated.power import predict_power
from interlock.cost.stack import fitted_sets
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import FAMILIES, Measurements
from interlock.training import training_stacks
from interlock.validation import operators, requests, training
from interlock.validation.requests.power import predict_power as predict_served_power
from interlock.validation.requests.split import request_parts
from interlock.validation.run_bands import FIRST, basis_of, run_band
from interlock.validation.run_bands import SETS as BAND_SETS
from interlock.validation.score import measured
from interlock.validation.split import BAND, FIT_SHARE, HELD_OUT
from interlock.validation.training.fit import SETS as TRAINING_SETS
from interlock.validation.training.fit import training_parts

_SCORED: Final = "scored on the rest and on other sets"

Predict = Callable[[Measurements], NDArray[np.float64]]  # the measured quantity of each row; nan where unknown

Band = Callable[[Measurements, NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]  # of predictions

_WHOLE: Final[dict[str, Predict]] = {
    "request": partial(requests.predict, calibrated=False),
    "training": training.predict,
}


def _power(measurements: Measurements) -> NDArray[np.float64]:
    """Watts: rows of power say in each row what ran."""
    served = str(measurements["family"][0]) == "request"
    return predict_served_power(measurements) if served else operators.predict(measurements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """Functions by family; `calibration` says on what they were fitted, so that nobody reads a fit as a prediction.

    `bands` give the ends of 90 % bands, for the families that have them.
    """

    name: str
    calibration: str
    families: Mapping[str, Predict]
    bands: Mapping[str, Band] = field(default_factory=dict)

    def inside(self, measurements: Measurements, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 where a measurement is inside the band of its prediction, 0 where it is not, nan where there is none."""
        low, high = self.bands[measurements.family](measurements, predicted)
        truth = measured(measurements)
        within = np.where((truth >= low) & (truth <= high), 1.0, 0.0)
        return np.where(np.isfinite(low) & np.isfinite(high), within, np.nan)

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
    """Operators by the formulas and corrections that were fitted; rows that the fit saw are left out."""
    told = f"each family of operators fitted on a tenth of AIConfigurator 0.12.0's tables; {_SCORED}"
    families: dict[str, Predict] = {
        "gemm": products.predict,
        **PREDICTED,
        "collective": predict_collectives,
        "power": predict_power,
    }
    bands = {**dict.fromkeys(PREDICTED, operator_band), "collective": collective_band}
    return Predictor(name="calibrated", calibration=told, families=families, bands=bands)


def fitted_stacks() -> Predictor:
    """Requests and training steps with constants of stacks that were fitted; nan for rows that fit or bands saw."""
    told = f"times of stacks fitted on {FIT_SHARE:.0%} of {', '.join((*fitted_sets(), *TRAINING_SETS))}; {_SCORED}"
    families: dict[str, Predict] = {"request": _requests_fitted, "training": _training_fitted}
    return Predictor(name="fitted stacks", calibration=told, families=families, bands=dict.fromkeys(families, _band))


def _requests_fitted(measurements: Measurements) -> NDArray[np.float64]:
    known = {name: stack for name, stack in requests.stacks("stacks_fitted").items() if stack.chips}
    predicted = requests.predict(measurements, known)
    if measurements.set_name in fitted_sets():
        predicted[request_parts(measurements) != HELD_OUT] = np.nan
    return predicted


def _training_fitted(measurements: Measurements) -> NDArray[np.float64]:
    predicted = training.predict(measurements, training_stacks("training_fitted"))
    if measurements.set_name in TRAINING_SETS:
        predicted[training_parts(measurements) != HELD_OUT] = np.nan
    return predicted


def _band(
    measurements: Measurements, predicted: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = requests.stacks("stacks_fitted") if measurements.family == "request" else training_stacks("training_fitted")
    chips = {name: stack.chips for name, stack in known.items()}
    return run_band(measurements, predicted, basis_of(measurements, chips))


def _plain_band(
    measurements: Measurements, predicted: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of first principles; the rows that set it are not scored against it."""
    low, high = run_band(measurements, predicted, np.full(len(measurements), FIRST))
    if measurements.set_name in BAND_SETS:
        parts = request_parts(measurements) if measurements.family == "request" else training_parts(measurements)
        low[parts == BAND], high[parts == BAND] = np.nan, np.nan
    return low, high


def chip_left_out() -> Predictor:
    """Matrix products of each chip by parameters that were fitted to the other families of chips only."""
    told = "the formula of matrix products fitted on AIConfigurator 0.12.0's tables without the chip's family"
    return Predictor(name="chip left out", calibration=told, families={"gemm": predict_left_out})


def shipped() -> tuple[Predictor, ...]:
    """What `interlock validate` compares: the formulas as they are, then what is fitted on measurements."""
    return first_principles(), calibrated(), fitted_stacks()


def first_principles() -> Predictor:
    """The formulas of cost/ and inference/ as they are shipped."""
    families = {family: _WHOLE.get(family, operators.predict) for family in FAMILIES} | {"power": _power}
    bands: dict[str, Band] = dict.fromkeys(_WHOLE, _plain_band)
    return Predictor(name="first principles", calibration="no calibration yet", families=families, bands=bands)
