"""DeepSeek-V3 and R1: DeepSeek-V2 with 256 experts, routed by affinity plus a bias that balances their load.

source: DeepSeek-AI 2024 (DeepSeek-V3), section 2.
departs: the balancing bias is a buffer, not a parameter; the multi-token prediction module is left out.
"""

from __future__ import annotations

from interlock.models.architectures.deepseek_v2 import latent
from interlock.models.config import Config
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` deepseek_v3 describes."""
    return latent(config, name, experts=256, shared=1, top_k=8, first_dense=3, narrow=2048)
