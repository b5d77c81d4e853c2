"""The shipped language model in NumPy, with any codec on its weights and on what its linear layers read.

idea:    perplexity before and after, on text that stands at the end of the shipped sample; orderings, not quality.
symbols: x (windows, tokens, hidden); weights (out, in) as stored; a hook takes an array and gives what is computed
         with.
keeps:   norms, embeddings and the tied head stay fp32, as is usual; everything is computed in fp32.
source:  Touvron et al. 2023, LLaMA (RMSNorm, rotary positions, gated network), grouped queries: Ainslie et al. 2023.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import DATA
from interlock.exhibits.byte_pairs import BytePairs
from interlock.numerics.samples import sample

Floats = NDArray[np.float32]
Hook = Callable[[Floats], Floats]
FOLDER: Final = DATA / "lab" / "interlock-2.8m"
LINEAR: Final = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj",
                 "mlp.up_proj", "mlp.down_proj")  # fmt: skip
WINDOWS: Final = 6


def _unchanged(x: Floats) -> Floats:
    return x


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModel:
    """Weights by name, and the shape. `activation` is what every linear layer reads."""

    weights: dict[str, Floats]
    heads: int
    kv_heads: int
    layers: int
    epsilon: float
    theta: float
    activation: Hook = _unchanged

    def linear_names(self) -> list[str]:
        """The matrices that formats are tried on."""
        return [f"model.layers.{layer}.{name}.weight" for layer in range(self.layers) for name in LINEAR]

    def with_weights(self, hook: Hook) -> LanguageModel:
        """The same model with every linear weight through a hook."""
        changed = {name: hook(self.weights[name]) for name in self.linear_names()}
        return replace(self, weights={**self.weights, **changed})

    def with_activations(self, hook: Hook) -> LanguageModel:
        """The same model whose linear layers read through a hook."""
        return replace(self, activation=hook)

    def perplexity(self, windows: NDArray[np.int64] | None = None) -> float:
        """exp of the mean loss of each next token."""
        tokens = held_out() if windows is None else windows
        logits = self.logits(tokens)[:, :-1].astype(np.float64)
        top = logits.max(axis=-1, keepdims=True)
        total = np.log(np.exp(logits - top).sum(axis=-1)) + top[..., 0]
        chosen = np.take_along_axis(logits, tokens[:, 1:, None], axis=-1)[..., 0]
        return math.exp(float((total - chosen).mean()))

    def logits(self, tokens: NDArray[np.int64], seen: Callable[[str, Floats], None] | None = None) -> Floats:
        """(windows, tokens, vocabulary); `seen` is told what each linear layer reads."""
        x = self.weights["model.embed_tokens.weight"][tokens]
        for layer in range(self.layers):
            x = self._layer(x, f"model.layers.{layer}.", seen)
        last = self._norm(x, "model.norm.weight")
        return last @ self.weights.get("lm_head.weight", self.weights["model.embed_tokens.weight"]).T

    def _layer(self, x: Floats, at: str, seen: Callable[[str, Floats], None] | None) -> Floats:
        def linear(name: str, read: Floats) -> Floats:
            if seen is not None:
                seen(f"{at}{name}.weight", read)
            return read @ self.weights[f"{at}{name}.weight"].T

        read = self.activation(self._norm(x, f"{at}input_layernorm.weight"))
        q, k, v = (linear(f"self_attn.{name}_proj", read) for name in "qkv")
        x = x + linear("self_attn.o_proj", self.activation(self._attend(q, k, v)))
        read = self.activation(self._norm(x, f"{at}post_attention_layernorm.weight"))
        gate, up = linear("mlp.gate_proj", read), linear("mlp.up_proj", read)
        return x + linear("mlp.down_proj", self.activation(gate / (1 + np.exp(-gate)) * up))

    def _norm(self, x: Floats, name: str) -> Floats:
        scale = np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        normed: Floats = x / scale * self.weights[name]
        return normed

    def _attend(self, q: Floats, k: Floats, v: Floats) -> Floats:
        windows, length, width = q.shape
        head = width // self.heads
        queries = self._turned(q.reshape(windows, length, self.heads, head))
        keys = self._turned(k.reshape(windows, length, self.kv_heads, head))
        values = v.reshape(windows, length, self.kv_heads, head).transpose(0, 2, 1, 3)
        share = self.heads // self.kv_heads
        keys, values = np.repeat(keys, share, axis=1), np.repeat(values, share, axis=1)
        scores = queries @ keys.transpose(0, 1, 3, 2) / np.float32(math.sqrt(head))
        scores = np.where(np.tri(length, dtype=bool), scores, np.float32(-1e30))
        odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed: Floats = (odds / odds.sum(axis=-1, keepdims=True)) @ values
        return mixed.transpose(0, 2, 1, 3).reshape(windows, length, width)

    def _turned(self, x: Floats) -> Floats:
        """Rotary positions; (windows, heads, tokens, head)."""
        half = x.shape[-1] // 2
        rates = self.theta ** (-np.arange(half) / half)
        angles = (np.arange(x.shape[1])[:, None] * rates)[None, :, None]
        cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        low, high = x[..., :half], x[..., half:]
        turned: Floats = np.concatenate([low * cos - high * sin, high * cos + low * sin], axis=-1)
        return turned.transpose(0, 2, 1, 3)


@cache
def language_model() -> LanguageModel:
    """The model that is shipped."""
    config: dict[str, Any] = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    path = FOLDER / "model.safetensors"
    names = ["model.embed_tokens.weight", "model.norm.weight"]
    for layer in range(config["num_hidden_layers"]):
        own = (*LINEAR, "input_layernorm", "post_attention_layernorm")
        names += [f"model.layers.{layer}.{name}.weight" for name in own]
    names += [] if config["tie_word_embeddings"] else ["lm_head.weight"]
    return LanguageModel(
        weights={name: sample(f"{path}:{name}") for name in names},
        heads=config["num_attention_heads"],
        kv_heads=config["num_key_value_heads"],
        layers=config["num_hidden_layers"],
        epsilon=config["rms_norm_eps"],
        theta=config["rope_parameters"]["rope_theta"],
    )


@cache
def _sample_tokens() -> NDArray[np.int64]:
    text = (DATA / "lab" / "sample.txt").read_text(encoding="utf-8")
    return np.array(BytePairs.read(FOLDER / "tokenizer.json").encode(text), dtype=np.int64)


def held_out(windows: int = WINDOWS, length: int = 256) -> NDArray[np.int64]:
    """Windows from the end of the shipped sample, on which the model was not trained."""
    return _sample_tokens()[-windows * length :].reshape(windows, length)


def calibration(windows: int = WINDOWS, length: int = 256) -> NDArray[np.int64]:
    """Windows from the start of the sample, for what is fitted."""
    return _sample_tokens()[: windows * length].reshape(windows, length)


def with_outliers(model: LanguageModel, channels: int = 6, factor: float = 40.0, seed: int = 0) -> LanguageModel:
    """The same function with a few channels of every normed stream made large, as large models have them.

    A norm's gain is multiplied and the columns of the weights that read it are divided: exact but for rounding.
    """
    rng, changed = np.random.default_rng(seed), dict(model.weights)
    readers = {"input_layernorm": LINEAR[:3], "post_attention_layernorm": LINEAR[4:6]}
    for layer in range(model.layers):
        for norm, names in readers.items():
            at = f"model.layers.{layer}."
            gain = np.ones(len(changed[f"{at}{norm}.weight"]), dtype=np.float32)
            gain[rng.choice(len(gain), channels, replace=False)] = factor
            changed[f"{at}{norm}.weight"] = changed[f"{at}{norm}.weight"] * gain
            for name in names:
                changed[f"{at}{name}.weight"] = changed[f"{at}{name}.weight"] / gain
    return replace(model, weights=changed)
