"""QuIP: weights and Hessian made incoherent by random rotations, then rounded with feedback (LDLQ).

source:  Chee et al. 2023, QuIP, algorithm 1 (pre-processing), algorithm 2 (LDLQ), section 4.2
symbols: D diagonal, U, V orthogonal; W' = U^T (W D) V, H' = V^T (D^-1 H D^-1) V with D_j = (H_jj / |W_j|^2)^(1/4);
         s = rho |W'|_F / sqrt(rows * columns); 2^b evenly spaced values from -s to s.
keeps:   stores codes, one scale a layer, D, and a seed for the rotations.
departs: rotations are Hadamard matrices with random signs where they exist (as in Tseng et al. 2024, QuIP#), not
         Kronecker products of two random orthogonal matrices; no greedy passes after LDLQ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Quip(Technique):
    """Rounding in a rotated basis, made for 2 bits.

    Args:
        bits: of a weight.
        damping: share of the mean diagonal that is added to the Hessian.
        rho: the grid's reach in root mean squares of the rotated weights.
    """

    title: ClassVar[str] = "QuIP"
    paper: ClassVar[str] = "Chee et al. 2023, QuIP, algorithms 1 and 2"

    bits: int = 2
    damping: float = 0.01
    rho: float = 2.4

    def effects(self) -> tuple[Effect, ...]:
        """Integers with one scale a layer, 16-bit activations."""
        return (WeightFormat(f"int{self.bits}"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Round every linear layer of the blocks, calibrated in sequence."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.incoherence import rounding_incoherently
        from interlock.surgery.walk import rebuild

        ledger, data = Ledger(), required(calibration, self.title)
        rebuild(model, data, rounding_incoherently(ledger, self.bits, self.damping, self.rho, data.seed))
        return ledger.close(model, self.effects())


TECHNIQUE = Quip()
