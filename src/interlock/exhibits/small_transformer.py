"""A transformer small enough to train from its start in seconds, for exhibits of training.

idea:    a language of its own: the next token depends on the two before by a table drawn once, so that there is much to
         learn and no text is needed. Techniques that train are given the model at its start.
symbols: loss in nats a token, on sequences that nothing was trained on.
keeps:   the language, the start and the batches are drawn with seeds; two techniques with one seed see the same.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interlock.surgery.calibration import Calibration

VOCABULARY: Final = 16
LENGTH: Final = 16
SEQUENCES: Final = 2048
JUDGED: Final = 256


@cache
def language() -> Tensor:
    """Sequences [2,304, 16]; the last 256 are for judging."""
    import torch

    generator = torch.Generator().manual_seed(0)
    odds = (2.5 * torch.randn(VOCABULARY, VOCABULARY, VOCABULARY, generator=generator)).softmax(-1)
    found = torch.randint(VOCABULARY, (SEQUENCES + JUDGED, 2), generator=generator)
    for _ in range(LENGTH - 2):
        drawn = torch.multinomial(odds[found[:, -2], found[:, -1]], 1, generator=generator)
        found = torch.cat([found, drawn], 1)
    return found


def started(seed: int, *, width: int = 32, activation: str = "silu") -> nn.Module:
    """A decoder of two layers with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = LlamaConfig(hidden_size=width, intermediate_size=4 * width, num_hidden_layers=2,
                             num_attention_heads=4, num_key_value_heads=4, vocab_size=VOCABULARY, hidden_act=activation,
                             max_position_embeddings=64, pad_token_id=None, bos_token_id=None,
                             eos_token_id=None)  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model: nn.Module = LlamaForCausalLM(config)
    return model.eval()


def lessons(seed: int) -> Calibration:
    """What is trained on; the seed draws the batches."""
    from interlock.surgery.calibration import Calibration as Data

    return Data(tokens=language()[:SEQUENCES], seed=seed)


def trained(seed: int, steps: int, **how: Any) -> nn.Module:
    """The decoder after training, without any technique."""
    from interlock.surgery.training import train

    model = started(seed, **how)
    train(model, lessons(seed), model.parameters(), steps=steps, batch=16, learning_rate=0.003)
    return model


def loss_of(model: nn.Module) -> float:
    """On the judged sequences."""
    import torch

    from interlock.surgery.training import next_token_loss

    with torch.no_grad():
        return float(next_token_loss(model, language()[SEQUENCES:]))


def loss_after(spec: str, seed: int) -> float:
    """Of a technique that trains, given the decoder at its start."""
    from interlock.techniques import technique

    return loss_of(technique(spec).apply(started(seed), lessons(seed)).model)
