"""Convolutional classifiers from their layer tables: parameters, multiply-adds and activations.

source: `data/exhibits/convolutional.toml`.
symbols: k kernel, c channels in, f channels out, s side of the output.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interlock.exhibits.facts import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """One layer; a dense layer is a 1 x 1 convolution over one pixel. `extra`: bias, or scale and shift of its norm."""

    inputs: int
    outputs: int
    kernel: int
    side: int
    extra: int

    @property
    def parameters(self) -> int:
        """k^2 c f and what comes with each channel."""
        return self.kernel**2 * self.inputs * self.outputs + self.extra * self.outputs

    @property
    def flop(self) -> int:
        """2 k^2 c f s^2 for one image."""
        return 2 * self.kernel**2 * self.inputs * self.outputs * self.side**2

    @property
    def activations(self) -> int:
        """f s^2 outputs."""
        return self.outputs * self.side**2


def layers(name: str) -> list[Convolution]:
    """The layers of "alexnet", "vgg-16" or "resnet-50"."""
    data = table("convolutional")[name]
    dense = [Convolution(inputs=i, outputs=o, kernel=1, side=1, extra=1) for i, o in data["dense"]]
    if "stages" in data:
        return [*_bottlenecks(data), *dense]
    plain = [Convolution(inputs=i, outputs=o, kernel=k, side=s, extra=b) for i, o, k, _, s, b in data["conv"]]
    return [*plain, *dense]


def _bottlenecks(data: dict[str, list[list[int]]]) -> Iterator[Convolution]:
    inputs, outputs, kernel, side = data["stem"][0]
    yield Convolution(inputs=inputs, outputs=outputs, kernel=kernel, side=side, extra=2)
    stream, before = outputs, 56
    for blocks, width, side in data["stages"]:
        for block in range(blocks):
            first = before if block == 0 else side  # the stride lies in the 3 x 3
            yield Convolution(inputs=stream, outputs=width, kernel=1, side=first, extra=2)
            yield Convolution(inputs=width, outputs=width, kernel=3, side=side, extra=2)
            yield Convolution(inputs=width, outputs=4 * width, kernel=1, side=side, extra=2)
            if block == 0:
                yield Convolution(inputs=stream, outputs=4 * width, kernel=1, side=side, extra=2)
            stream = 4 * width
        before = side


def parameters(name: str) -> int:
    """All parameters."""
    return sum(layer.parameters for layer in layers(name))


def flop(name: str) -> int:
    """FLOP of one image, without norms and activations."""
    return sum(layer.flop for layer in layers(name))
