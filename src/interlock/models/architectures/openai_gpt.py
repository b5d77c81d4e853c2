"""GPT, the first: GPT-2's shape with norms after its blocks and none at the end.

source: Radford et al. 2018, section 4.1.
"""

from __future__ import annotations

from dataclasses import replace

from interlock.models.architectures import gpt2
from interlock.models.config import Config
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` openai-gpt describes."""
    found = gpt2.read(config.replaced(n_inner=None), name)
    assert found.decoder is not None
    return replace(found, architecture="openai-gpt", decoder=replace(found.decoder, final_norms=()))
