"""What a training run is: architecture, tokens, schedule, seed. The same recipe gives the same weights.

source: architecture of Touvron et al. 2023, LLaMA, section 2 (RMSNorm, rotary positions, SwiGLU) with grouped queries
        (Ainslie et al. 2023, GQA) and tied embeddings; schedule of Hu et al. 2024, MiniCPM, section 4 (warm-up, stable,
        decay); AdamW of Loshchilov and Hutter 2019
idea:   every width is a power of two, so that groups of 32, 64 and 128 weights divide it and Hadamard rotations fit.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass

from transformers import LlamaConfig

from interlock.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights but the text."""

    name: str = "interlock-2.8m"
    vocabulary: int = 2048
    hidden: int = 256
    layers: int = 4
    heads: int = 8
    kv_heads: int = 2
    intermediate: int = 512
    context: int = 256
    batch: int = 8
    steps: int = 3200
    warmup_steps: int = 100
    decay_share: float = 0.3
    learning_rate: float = 3e-3
    final_learning_rate_ratio: float = 0.02
    beta1: float = 0.9
    beta2: float = 0.95
    weight_decay: float = 0.1
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1:
            raise InputError("--steps", f"{self.steps} steps of {self.batch} sequences", "at least one of each")

    @property
    def tokens(self) -> int:
        """Tokens that the run sees."""
        return self.steps * self.batch * self.context

    @property
    def fingerprint(self) -> str:
        """A hash of all of it but the name and the number of steps, which changes nothing until the decay begins."""
        told = {key: value for key, value in asdict(self).items() if key not in {"name", "steps"}}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def level_steps(self) -> int:
        """Steps before the learning rate begins to fall; runs of any length are equal up to there."""
        return self.steps - max(1, round(self.steps * self.decay_share))

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0: up, level, then down half a cosine."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        done = max(0.0, (step - self.level_steps) / (self.steps - self.level_steps))
        low = self.final_learning_rate_ratio
        return self.learning_rate * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * done)))

    def config(self) -> LlamaConfig:
        """The architecture as transformers describes it; token 0 begins and ends documents."""
        return LlamaConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            intermediate_size=self.intermediate,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.kv_heads,
            head_dim=self.hidden // self.heads,
            max_position_embeddings=self.context,
            rms_norm_eps=1e-5,
            tie_word_embeddings=True,
            attention_bias=False,
            bos_token_id=0,
            eos_token_id=0,
        )
