"""Decoding with a small transformer of random weights, through PyTorch and transformers: the end-to-end check.

idea: every step reads all weights once, as a language model's does; what they are does not matter for time.
"""

from __future__ import annotations

import time
from typing import Any, Final

from interlock.errors import MissingExtraError

MODEL: Final[dict[str, Any]] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 512,
    "intermediate_size": 1536,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "vocab_size": 32000,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": False,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
}
PROMPT: Final = 64
OUTPUT: Final = 32


def decode_rate(config: dict[str, Any], seconds: float, seed: int) -> dict[str, Any]:
    """Seconds of a prompt and of a decoded token, the least and the median of as many as fit into `seconds`.

    Raises:
        MissingExtraError: transformers is not installed.
    """
    try:
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM
    except ImportError:
        raise MissingExtraError("decoding a model end to end", "lab") from None
    torch.manual_seed(seed)
    known = {key: value for key, value in config.items() if key not in {"architectures", "model_type"}}
    model: Any = LlamaForCausalLM(LlamaConfig(**known))
    model.float().eval()
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    prompts: list[float] = []
    steps: list[float] = []
    began = time.monotonic()
    with torch.inference_mode():
        while len(prompts) < 2 or time.monotonic() - began < seconds:
            tokens = torch.randint(0, config["vocab_size"], (1, PROMPT))
            before = clock()
            out = model(tokens, use_cache=True, logits_to_keep=1)
            prompts.append(clock() - before)
            for _ in range(OUTPUT):
                tokens = out.logits[:, -1:].argmax(-1)
                before = clock()
                out = model(tokens, past_key_values=out.past_key_values, use_cache=True)
                steps.append(clock() - before)
    return {
        "prefill_s": min(prompts),
        "decode_s": min(steps),
        "decode_median_s": sorted(steps)[len(steps) // 2],
        "steps": len(steps),
    }
