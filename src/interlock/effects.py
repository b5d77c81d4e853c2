"""The third waist: what a technique changes, as a closed set of small values.

Lowering reads the result; a technique never reaches into models or costs by itself. Later rooms widen the set (token
budgets, tokens a pass, trainable shares, placement of states), here are those that today's predictor reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from interlock.errors import InputError
from interlock.models import Model, Scheme
from interlock.models.blocks import Attention, FeedForward, Layer
from interlock.numerics import NumberFormat, number_format
from interlock.numerics.sparsity import Sparsity


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """Linear weights are stored in this format, sparsity included."""

    name: str


@dataclass(frozen=True, slots=True)
class ActivationFormat:
    """Linear layers read their inputs in this format."""

    name: str


@dataclass(frozen=True, slots=True)
class KVFormat:
    """The KV cache is stored in this format."""

    name: str


@dataclass(frozen=True, slots=True)
class KVBeside:
    """The KV cache keeps so many bits an element beside its codes: outliers, ranges. Comes after `KVFormat`."""

    name: str
    bits: float


@dataclass(frozen=True, slots=True)
class AttentionWindow:
    """Every layer attends to, and keeps, the last `tokens` tokens only."""

    tokens: int

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise InputError("attention window", f"{self.tokens} tokens", "at least 1 token")


@dataclass(frozen=True, slots=True)
class WideColumns:
    """A share of linear weights' input columns keeps another format: outliers apart. Comes after `WeightFormat`."""

    name: str
    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError("wide columns", f"a share of {self.share}", "0 to 1")


@dataclass(frozen=True, slots=True)
class HeldShare:
    """Linear weights hold a share of their elements, in dense pieces: factors, tiles. Comes after `WeightFormat`.

    On top of the format's own sparsity, if it has one. `beside_bits`, for each element of the original: where the
    pieces are, or a part that is added to the weights.
    """

    name: str
    share: float
    beside_bits: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(self.name, f"a share of {self.share}", "above 0, to 1")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Every layer keeps a share of its KV heads, with the queries that read them, and of its network's channels."""

    name: str
    heads: float
    channels: float

    def __post_init__(self) -> None:
        if not (0 < self.heads <= 1 and 0 < self.channels <= 1):
            raise InputError(self.name, f"shares of {self.heads} and {self.channels}", "above 0, to 1")


@dataclass(frozen=True, slots=True)
class KeptLayers:
    """The decoder keeps a share of its layers; at least one of each kind."""

    name: str
    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(self.name, f"a share of {self.share}", "above 0, to 1")


Effect = (
    WeightFormat
    | WideColumns
    | HeldShare
    | ActivationFormat
    | KVFormat
    | KVBeside
    | AttentionWindow
    | Narrowed
    | KeptLayers
)


def with_effects(model: Model, scheme: Scheme, effects: Iterable[Effect]) -> tuple[Model, Scheme]:
    """The model and the scheme after the effects, in order."""
    for effect in effects:
        match effect:
            case WeightFormat(name):
                scheme = replace(scheme, weight=number_format(name))
            case WideColumns(name, share):
                scheme = replace(scheme, weight=_mixed(scheme.weight, number_format(name), share))
            case HeldShare(name, share, beside_bits):
                was = scheme.weight.sparsity
                held = replace(was, name=name, density=was.density * share, index_bits=was.index_bits + beside_bits)
                weight = replace(scheme.weight, name=f"{scheme.weight.name} with {share:.2%} held", sparsity=held)
                scheme = replace(scheme, weight=weight)
            case ActivationFormat(name):
                scheme = replace(scheme, activation=number_format(name))
            case KVFormat(name):
                scheme = replace(scheme, kv=number_format(name))
            case KVBeside(name, bits):
                kept = Sparsity(name=name, index_bits=scheme.kv.sparsity.index_bits + bits)
                scheme = replace(scheme, kv=replace(scheme.kv, name=f"{scheme.kv.name} with {name}", sparsity=kept))
            case AttentionWindow(tokens):
                model = _windowed(model, tokens)
            case Narrowed(_, heads, channels):
                model = _with_layers(model, partial(_narrowed, heads=heads, channels=channels))
            case KeptLayers(_, share):
                model = _with_layers(model, partial(_fewer, share=share))
    return model, scheme


def kept_of(count: int, share: float) -> int:
    """How many of `count` a share keeps: the nearest whole number, at least one."""
    return max(1, round(share * count))


def _mixed(narrow: NumberFormat, wide: NumberFormat, share: float) -> NumberFormat:
    """Elements of two widths under the narrow format's groups; multiplied in the narrow format."""
    bits = (1 - share) * narrow.element_bits + share * wide.element_bits
    return replace(narrow, name=f"{narrow.name} with {share:.2%} {wide.name}", element_bits=bits)


def _windowed(model: Model, tokens: int) -> Model:
    return _with_layers(
        model,
        lambda layer: (
            replace(layer, mixer=replace(layer.mixer, window=min(tokens, layer.mixer.window or tokens)))
            if isinstance(layer.mixer, Attention)
            else layer
        ),
    )


def _fewer(layer: Layer, share: float) -> Layer:
    return replace(layer, count=kept_of(layer.count, share))


def _narrowed(layer: Layer, heads: float, channels: float) -> Layer:
    mixer, network = layer.mixer, layer.feed_forward
    if isinstance(mixer, Attention):
        kept = kept_of(mixer.kv_heads, heads)
        layer = replace(layer, mixer=replace(mixer, heads=mixer.heads // mixer.kv_heads * kept, kv_heads=kept))
    if isinstance(network, FeedForward):
        layer = replace(layer, feed_forward=replace(network, intermediate=kept_of(network.intermediate, channels)))
    return layer


def _with_layers(model: Model, change: Callable[[Layer], Layer]) -> Model:
    if model.decoder is None:
        return model
    return replace(model, decoder=replace(model.decoder, layers=tuple(map(change, model.decoder.layers))))
