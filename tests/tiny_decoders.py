"""Tiny decoders with random weights, and tokens to calibrate them with."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from interlock.surgery.calibration import Calibration

VOCABULARY = 97


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Third-party warnings about tiny or unusual configs are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decoder(kind: str = "llama", *, seed: int = 0, width: int = 64, tied: bool = False, **changes: Any) -> nn.Module:
    """A decoder of two layers whose weights have structure: features and rows of very different size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import CONFIG_MAPPING, AutoModelForCausalLM

        fields = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 2,
                  "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": VOCABULARY,
                  "max_position_embeddings": 256, "tie_word_embeddings": tied, "pad_token_id": None,
                  "bos_token_id": None, "eos_token_id": None}  # fmt: skip
        if kind == "opt":
            fields = {"hidden_size": width, "ffn_dim": 2 * width, "num_hidden_layers": 2, "num_attention_heads": 4,
                      "vocab_size": VOCABULARY, "word_embed_proj_dim": width, "pad_token_id": None}  # fmt: skip
        config = CONFIG_MAPPING[kind](**{**fields, **changes})
        model = AutoModelForCausalLM.from_config(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2:
                parameter.normal_(generator=generator).mul_(1.2 / parameter.shape[1] ** 0.5)
                parameter.mul_(torch.exp(0.5 * torch.randn(parameter.shape[1], generator=generator)))
            elif name.endswith("bias"):
                parameter.normal_(std=0.1, generator=generator)
            else:
                parameter.copy_(torch.exp(0.3 * torch.randn(parameter.shape, generator=generator)))
    return model


def tokens(rows: int = 8, length: int = 32, seed: int = 1) -> Tensor:
    return torch.randint(0, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def logits_of(model: nn.Module, given: Tensor) -> Tensor:
    found: Tensor = model(given).logits
    return found


@pytest.fixture(scope="session")
def build() -> Callable[..., nn.Module]:
    return decoder


@pytest.fixture
def calibration() -> Calibration:
    return Calibration(tokens=tokens())


@pytest.fixture
def unseen() -> Tensor:
    """Tokens that no calibration has."""
    return tokens(4, 32, seed=2)


@pytest.fixture(scope="session")
def logits() -> Callable[[nn.Module, Tensor], Tensor]:
    return logits_of
