"""Operator times with coefficients that were fitted to measurements, beside the first-principles ones."""

from interlock.cost.calibrated.basis import Basis, CalibratedTime
from interlock.cost.calibrated.gemm import gemm_seconds, predict

__all__ = ["Basis", "CalibratedTime", "gemm_seconds", "predict"]
