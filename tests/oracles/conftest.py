"""What the oracle tests share: `transformers` models without weights, and how to count in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForImageTextToText,
    AutoModelForSeq2SeqLM,
)

HEADLESS = {"bert", "vit", "clip", "clip_vision_model", "siglip_vision_model"}
CLASSES = {
    "llava": AutoModelForImageTextToText,
    "llava_next": AutoModelForImageTextToText,
    "gemma3": AutoModelForImageTextToText,
    "t5": AutoModelForSeq2SeqLM,
    "switch_transformers": AutoModelForSeq2SeqLM,
}

Build = Callable[..., tuple[nn.Module, dict[str, Any]]]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Third-party warnings about tiny or unusual configs are not ours."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def build_model(data: dict[str, Any], device: str = "meta") -> tuple[nn.Module, dict[str, Any]]:
    """The `transformers` model of a config, with eager attention, and the config as that library writes it."""
    fields = {
        key: value for key, value in data.items() if key not in ("model_type", "interlock", "quantization_config")
    }
    kind = data["model_type"]
    config = CONFIG_MAPPING[kind](**fields)
    written = config.to_dict()  # before building, which may add to it
    chosen: Any = CLASSES.get(kind, AutoModel if kind in HEADLESS else AutoModelForCausalLM)
    if "ViTForImageClassification" in (data.get("architectures") or []):
        chosen = AutoModelForImageClassification
    with torch.device(device):
        model = chosen.from_config(config, attn_implementation="eager").eval()
    return model, written


@pytest.fixture(scope="session")
def build() -> Build:
    return build_model


@pytest.fixture(scope="session")
def unique_parameters() -> Callable[[nn.Module], int]:
    """Parameters of a module, tied ones once; buffers are not parameters."""
    return lambda module: sum(parameter.numel() for parameter in {id(p): p for p in module.parameters()}.values())
