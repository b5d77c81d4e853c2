"""What a model is: stacks of layers, embeddings, a head, and for multimodal ones a projector.

keeps: everything that counts parameters, sizes caches or lowers to operators reads this and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from interlock.models.blocks import Layer, Norm, Weight
from interlock.operators import Split

StackKind = Literal["decoder", "encoder", "vision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """A linear layer outside the stack's layers: a pooler, a classifier, a projection into a shared space."""

    inputs: int
    outputs: int
    bias: bool = True

    @property
    def elements(self) -> int:
        """Its matrix and its bias."""
        return self.outputs * (self.inputs + self.bias)


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """Tables that are looked up: `rows` x `width` each, and small weights at the entrance: norms, class tokens."""

    rows: int
    width: int
    positions: int = 0
    token_types: int = 0
    projection: int = 0  # elements of a matrix from the embedding's width to the model's, where they differ
    small: int = 0
    shared: bool = False  # the table is another stack's, and counted there

    def weights(self) -> list[Weight]:
        """The token table is split by rows under tensor parallelism; positions are kept whole."""
        tables = 0 if self.shared else self.rows * self.width
        found = [Weight(name="embedding", elements=tables, group="embedding", split=Split.COLUMN)] if tables else []
        rest = (self.positions + self.token_types) * self.width + self.small
        if rest:
            found.append(Weight(name="embedding.positions", elements=rest, group="other"))
        if self.projection:
            found.append(Weight(name="embedding.projection", elements=self.projection, group="linear"))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """How an image becomes tokens: a strided convolution over `channels`, `count` tokens inside the encoder.

    An image may be cut into `tiles` that are encoded one by one; `tokens` are what a whole image gives the decoder.
    """

    channels: int
    patch: int
    count: int  # with the class token
    tokens: int
    bias: bool = True
    class_tokens: int = 0
    tiles: int = 1

    def elements(self, width: int) -> int:
        """Weights of the patch convolution."""
        return self.channels * self.patch**2 * width + (width if self.bias else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Layers of one width. Decoders are causal, encoders are not unless they say so (CLIP's text encoder is)."""

    kind: StackKind
    width: int
    layers: tuple[Layer, ...]
    embedding: Embedding | None = None
    patches: Patches | None = None
    final_norms: tuple[Norm, ...] = ()
    extra: tuple[Weight, ...] = ()  # small weights of no layer, such as a temperature
    pooled: tuple[Dense, ...] = ()  # applied to one token of a sequence: poolers, classifiers
    masked: bool = False  # an encoder with a causal mask

    @property
    def causal(self) -> bool:
        """Whether tokens see only what is before them."""
        return self.masked or self.kind == "decoder"

    @property
    def depth(self) -> int:
        """Number of layers."""
        return sum(layer.count for layer in self.layers)

    def weights(self) -> Iterator[tuple[Weight, int]]:
        """Each kind of weight with the number of layers that have one."""
        for weight in self.embedding.weights() if self.embedding else []:
            yield weight, 1
        if self.patches:
            yield Weight(name="patches", elements=self.patches.elements(self.width), group="other"), 1
        for layer in self.layers:
            for weight in layer.weights(self.width):
                yield weight, layer.count
        for norm in self.final_norms:
            for weight in norm.weights():
                yield weight, 1
        for weight in self.extra:
            yield weight, 1
        for dense in self.pooled:
            yield Weight(name="pooled", elements=dense.elements, group="linear"), 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The output matrix over the vocabulary; `tied` ones share the embedding's weights.

    `transform`: small layers before it. `inputs`: the stream's width, where a projection without bias brings it to
    the head's.
    """

    rows: int
    width: int
    tied: bool
    bias: bool = False
    transform: int = 0
    inputs: int | None = None

    def weights(self) -> list[Weight]:
        """Nothing but the bias and the transform where the matrix is the embedding's."""
        found = []
        if not self.tied:
            elements = self.rows * self.width
            found.append(Weight(name="head", elements=elements, group="head", split=Split.COLUMN))
        if self.inputs:
            found.append(Weight(name="head.projection", elements=self.inputs * self.width, group="linear"))
        small = self.transform + (self.rows if self.bias else 0)
        if small:
            found.append(Weight(name="head.small", elements=small, group="other"))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A whole model. `decoder` is absent from encoders; `vision` feeds the decoder through `projector`."""

    name: str
    architecture: str
    decoder: Stack | None = None
    encoder: Stack | None = None
    vision: Stack | None = None
    projector: tuple[tuple[int, int], ...] = ()  # (inputs, outputs) of each linear layer
    projector_bias: bool = True
    projector_small: int = 0
    head: Head | None = None
    max_positions: int | None = None
    stored_format: str = "bf16"
    default_images: int = 0
    vocabulary: int = 0
    note: str = ""
    origin: str = ""  # the folder or file it was read from, for a user's own model

    @property
    def generates(self) -> bool:
        """Whether the model has a decode phase."""
        return self.decoder is not None

    @property
    def main(self) -> Stack:
        """The stack that requests spend their time in: the decoder, or else the encoder, or else the vision stack."""
        found = self.decoder or self.encoder or self.vision
        assert found is not None
        return found

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """All stacks, in the order a request passes them."""
        return tuple(stack for stack in (self.vision, self.encoder, self.decoder) if stack is not None)

    def weights(self) -> Iterator[tuple[Weight, int]]:
        """Each kind of weight with its number of repeats."""
        for stack in self.stacks:
            yield from stack.weights()
        for inputs, outputs in self.projector:
            elements = (inputs + self.projector_bias) * outputs
            yield Weight(name="projector", elements=elements, group="linear"), 1
        if self.projector_small:
            yield Weight(name="projector.small", elements=self.projector_small, group="other"), 1
        for weight in self.head.weights() if self.head else []:
            yield weight, 1
