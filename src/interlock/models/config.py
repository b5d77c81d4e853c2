"""A Hugging Face `config.json`, read field by field; a fault names file, field, what was found and what is accepted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from interlock.errors import InputError, shown
from interlock.models.quantization import quantized_format

LARGEST: Final = {
    "layers": 10_000,
    "width": 10_000_000,
    "heads": 100_000,
    "experts": 100_000,
    "vocabulary": 100_000_000,
    "length": 1_000_000_000,
}
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Config:
    """The fields of a config and where they came from. Names may be alternatives: the first one present counts."""

    data: Mapping[str, Any]
    where: str
    path: str = ""

    def _find(self, names: Sequence[str]) -> tuple[str, Any]:
        for name in names:
            if self.data.get(name) is not None:
                return name, self.data[name]
        return names[0], _MISSING

    def _field(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.data.get(name) is not None

    def integer(self, *names: str, kind: str = "width", default: int | None = None, minimum: int = 1) -> int:
        """A whole number within the bounds of its kind (a key of `LARGEST`)."""
        name, value = self._find(names)
        bounds = f"a whole number from {minimum} to {LARGEST[kind]}"
        if value is _MISSING:
            if default is None:
                raise InputError(self.where, "nothing", bounds, self._field(name))
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= LARGEST[kind]:
            raise InputError(self.where, shown(value), bounds, self._field(name))
        return value

    def optional_integer(self, *names: str, kind: str = "width") -> int | None:
        """A whole number, or None where the field is absent or null."""
        return self.integer(*names, kind=kind) if any(self.has(name) for name in names) else None

    def nullable_integer(self, name: str, *, default: int | None, kind: str = "width") -> int | None:
        """A whole number; null means none, and an absent field the default."""
        return self.optional_integer(name, kind=kind) if name in self.data else default

    def choice(self, name: str, accepted: Sequence[str], default: str) -> str:
        """One of a few strings."""
        value = self.text(name, default=default)
        if value not in accepted:
            raise self.refuse(name, f"one of {', '.join(accepted)}")
        return value

    def number(self, *names: str, default: float, minimum: float = 0.0, maximum: float = 1e9) -> float:
        """A finite number within bounds."""
        name, value = self._find(names)
        if value is _MISSING:
            return default
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not good or not minimum <= value <= maximum:
            raise InputError(self.where, shown(value), f"a number from {minimum:g} to {maximum:g}", self._field(name))
        return float(value)

    def flag(self, *names: str, default: bool) -> bool:
        """True or false."""
        name, value = self._find(names)
        if value is _MISSING:
            return default
        if not isinstance(value, bool):
            raise InputError(self.where, shown(value), "true or false", self._field(name))
        return value

    def text(self, *names: str, default: str | None = None) -> str:
        """A string."""
        name, value = self._find(names)
        if value is _MISSING and default is not None:
            return default
        if not isinstance(value, str):
            found = "nothing" if value is _MISSING else shown(value)
            raise InputError(self.where, found, "a string", self._field(name))
        return value

    def items(self, name: str) -> list[Any] | None:
        """A list, or None where the field is absent or null."""
        value = self.data.get(name)
        if value is not None and not isinstance(value, list):
            raise InputError(self.where, shown(value), "a list", self._field(name))
        return value

    def section(self, *names: str) -> Config:
        """A nested object; an absent one is empty, so that defaults apply."""
        name, value = self._find(names)
        if value is _MISSING:
            value = {}
        if not isinstance(value, Mapping):
            raise InputError(self.where, shown(value), "an object { ... }", self._field(name))
        return Config(value, self.where, self._field(name))

    def replaced(self, **fields: Any) -> Config:
        """The same config with other values for some fields."""
        return Config({**self.data, **fields}, self.where, self.path)

    def present(self, *names: str) -> str:
        """The first of these names that the config has, for a message."""
        return self._find(names)[0]

    def filled(self, defaults: Mapping[str, Any]) -> Config:
        """The same config with defaults for absent fields: nested configs are written without them."""
        return Config({**defaults, **self.data}, self.where, self.path)

    def refuse(self, name: str, accepted: str) -> InputError:
        """The error for a field whose value does not fit the others."""
        return InputError(self.where, shown(self.data.get(name)), accepted, self._field(name))


def heads_of(
    config: Config, *, kv_heads: int | None = None, head_dim: int | None = None, single: bool = False
) -> tuple[int, int, int]:
    """Query heads, KV heads and head width, as most decoders spell them.

    Args:
        config: the config.
        kv_heads: what an absent (not a null) `num_key_value_heads` means; as many as query heads unless given.
        head_dim: what an absent (not a null) `head_dim` means; an equal share of the width unless given.
        single: the architecture has no `num_key_value_heads`, nor a `head_dim` of its own.

    Raises:
        InputError: the width does not divide into heads, or the heads into KV groups.
    """
    heads = config.integer("num_attention_heads", "n_head", kind="heads")
    width = config.integer("hidden_size", "n_embd")
    groups = None if single else config.nullable_integer("num_key_value_heads", default=kv_heads, kind="heads")
    each = None if single else config.nullable_integer("head_dim", default=head_dim)
    if each is None and width % heads:
        raise config.refuse(config.present("num_attention_heads", "n_head"), f"a divisor of the width {width}")
    if heads % (groups or heads):
        raise config.refuse("num_key_value_heads", f"a divisor of num_attention_heads {heads}")
    return heads, groups or heads, each or width // heads


def layer_windows(config: Config, layers: int, window: int | None, default: Sequence[bool]) -> list[int | None]:
    """The sliding window of each layer, or None: by `layer_types` where the config lists them, else by `default`.

    Raises:
        InputError: the list is not one name a layer, or a sliding layer has no window.
    """
    kinds = config.items("layer_types")
    if kinds is None:
        slides = list(default)
    else:
        names = {"sliding_attention": True, "full_attention": False}
        if len(kinds) != layers or any(kind not in names for kind in kinds):
            raise config.refuse("layer_types", f"{layers} times {' or '.join(names)}, one a layer")
        slides = [names[kind] for kind in kinds]
    if any(slides) and window is None:
        raise config.refuse("sliding_window", "a window, since some layers slide")
    return [window if slide else None for slide in slides]


def stored_format(config: Config) -> str:
    """The format a checkpoint says its weights have; bf16 where it does not say."""
    if config.has("quantization_config"):
        return quantized_format(config.section("quantization_config"))
    name = str(config.data.get("dtype") or config.data.get("torch_dtype") or "bfloat16").removeprefix("torch.")
    return {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}.get(name, "bf16")
