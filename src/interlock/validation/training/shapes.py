"""The model of a measured training run, from the shape that its rows give or the size that they name."""

from __future__ import annotations

from functools import cache

from interlock.catalogue import DATA
from interlock.errors import InputError
from interlock.files import read_toml
from interlock.models import Model
from interlock.models.catalogue import from_config, model

_VOCABULARY = 51200  # GPT-2's, padded as Megatron-LM pads it


@cache
def shaped(name: str, width: int, layers: int, heads: int, vocabulary: int = _VOCABULARY) -> Model:
    """GPT of a shape, embeddings tied."""
    config = {
        "model_type": "gpt2", "n_embd": width, "n_layer": layers, "n_head": heads, "n_positions": 2048,
        "vocab_size": vocabulary,
    }  # fmt: skip
    return from_config(config, name)


@cache
def named(name: str) -> Model:
    """MPT of a size, or a model of the catalogue.

    Raises:
        InputError: neither.
    """
    family, _, size = name.partition("-")
    data = read_toml(DATA / "training" / "mpt.toml")
    if family != "mpt":
        return model(name)
    if size not in data:
        raise InputError("model", repr(name), f"mpt-{' or mpt-'.join(key for key in data if key[0].isdigit())}")
    one = data[size]
    return shaped(name, one["width"], one["layers"], one["heads"], data["vocabulary"])
