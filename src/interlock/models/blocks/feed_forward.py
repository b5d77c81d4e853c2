"""The feed-forward network: gated (SwiGLU, GeGLU) or plain."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.models.blocks.weight import Weight
from interlock.models.context import Context
from interlock.operators import Communication, Operator, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedForward:
    """Up (and gate) to `intermediate`, an activation, and down again."""

    intermediate: int
    gated: bool
    bias: bool = False
    activation: str = "silu"

    @property
    def inputs(self) -> int:
        """Columns of the first product: gate and up are one matrix in every engine."""
        return self.intermediate * (2 if self.gated else 1)

    def weights(self, width: int) -> list[Weight]:
        """Both matrices and their biases."""
        both = self.inputs + self.intermediate
        found = [Weight(name="mlp", elements=width * both, group="linear", split=Split.COLUMN)]
        if self.bias:
            found.append(Weight(name="mlp.bias", elements=self.inputs, group="other", split=Split.COLUMN))
            found.append(Weight(name="mlp.output_bias", elements=width, group="other"))
        return found

    def operators(self, c: Context, block: str = "mlp") -> list[Operator]:
        """Up, activation, down."""
        return [
            c.matmul(
                "gate_up" if self.gated else "up",
                block,
                n=self.inputs,
                k=c.width,
                split=Split.COLUMN,
                bias=self.bias,
            ),
            c.elementwise("activation", block, read=self.inputs, written=self.intermediate, flop=4, split=Split.COLUMN),
            c.matmul(
                "down",
                block,
                n=c.width,
                k=self.intermediate,
                split=Split.ROW,
                bias=self.bias,
                communication=Communication.ALL_REDUCE,
            ),
        ]
