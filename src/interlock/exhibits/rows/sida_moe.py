"""SiDA-MoE: a small network reads the text first and names the experts that it will need; only those are loaded."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.tiny_moe import EXPERTS, LAYERS, PAST, TOP, TinyMoe, letters, tiny_moe

CLAIM = claim("up to 3.93 times the throughput, 80 % of GPU memory saved", "Du et al. 2024, abstract")
NEEDS = "lab"
NAMED, HIDDEN, STEPS, BATCH, READ = 4, 96, 320, 96, 40_000


def run() -> Reproduction:
    """Hit rate of the named experts on unseen text, what the model loses with no others, the bytes that are kept."""
    moe = tiny_moe()
    x, targets = moe.hidden(moe.unseen), moe.unseen[PAST:]
    logits, choices = moe.together(x)
    named = _named(moe)
    allowed = np.zeros((LAYERS, len(x), EXPERTS), dtype=bool)
    np.put_along_axis(allowed, named, True, axis=2)
    hits = float(np.take_along_axis(allowed, choices, axis=2).mean())
    limited, _ = moe.together(x, allowed)
    base, after = (_loss(each, targets) for each in (logits, limited))
    rng = np.random.default_rng(0)
    chance = np.zeros_like(allowed)
    np.put_along_axis(
        chance, rng.permuted(np.tile(np.arange(EXPERTS), (LAYERS, len(x), 1)), axis=2)[..., :NAMED], True, 2
    )
    drawn = _loss(moe.together(x, chance)[0], targets)
    return reproduction(
        above("needed experts that the predictor named, unseen text", 0.9, hits),
        exactly("resident expert bytes a token, of all", NAMED / EXPERTS, float(allowed.mean())),
        below("loss with the named experts alone, over the model's", 1.01, after / base),
        above("the same with as many drawn at random", 1.01, drawn / base),
        above("hit rate over chance", 1.2, hits / (NAMED / EXPERTS)),
        exactly("experts that a token needs in each layer", float(TOP), float(choices.shape[2])),
    )


def _loss(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """Nats a character."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(targets)), targets].mean())


@cache
def _predictor() -> Any:
    """An LSTM over the embeddings of the last characters, attention over its states that sparsemax makes sparse."""
    import torch
    from torch import nn

    moe, (tokens, _) = tiny_moe(), letters()
    seen = tokens[: len(tokens) - len(moe.unseen)][-READ:]
    _, choices = moe.together(moe.hidden(seen))
    torch.manual_seed(0)

    class Hash(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.from_numpy(moe.embedding)
            self.lstm = nn.LSTM(moe.embedding.shape[1], HIDDEN, batch_first=True)
            self.query, self.key = nn.Linear(HIDDEN, 32), nn.Linear(HIDDEN, 32)
            self.named = nn.Sequential(nn.Linear(2 * HIDDEN, 256), nn.ReLU(), nn.Linear(256, LAYERS * EXPERTS))

        def forward(self, past: torch.Tensor) -> torch.Tensor:
            states, _ = self.lstm(self.embedding[past])
            scores = (self.key(states) @ self.query(states[:, -1])[:, :, None]).squeeze(2) / 32**0.5
            seen_states = (sparsemax(scores)[:, :, None] * states).sum(dim=1)
            found: torch.Tensor = self.named(torch.cat([states[:, -1], seen_states], dim=1))
            return found.view(-1, LAYERS, EXPERTS)

    found = Hash()
    optimizer = torch.optim.Adam(found.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=6e-3, total_steps=STEPS)
    rng = np.random.default_rng(1)
    for _ in range(STEPS):
        starts = rng.integers(0, len(seen) - PAST, BATCH)
        past = seen[starts[:, None] + np.arange(PAST)]
        wanted = np.zeros((BATCH, LAYERS, EXPERTS), dtype=np.float32)
        np.put_along_axis(wanted, choices[:, starts].transpose(1, 0, 2), 1.0, axis=2)
        loss = nn.functional.binary_cross_entropy_with_logits(found(torch.from_numpy(past)), torch.from_numpy(wanted))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    return found


def sparsemax(scores: Any) -> Any:
    """Euclidean projection of each row onto the simplex (Martins and Astudillo 2016, algorithm 1)."""
    import torch

    ordered, _ = scores.sort(dim=1, descending=True)
    sums = ordered.cumsum(dim=1) - 1.0
    count = torch.arange(1, scores.shape[1] + 1, dtype=scores.dtype)
    support = (ordered * count > sums).sum(dim=1, keepdim=True)
    threshold = sums.gather(1, support - 1) / support
    return torch.clamp(scores - threshold, min=0.0)


def _named(moe: TinyMoe) -> NDArray[np.int64]:
    """The experts that the predictor names, (layers, positions, NAMED)."""
    import torch

    past = np.lib.stride_tricks.sliding_window_view(moe.unseen, PAST)[:-1]
    learned = _predictor()
    with torch.no_grad():
        scores = torch.cat([learned(torch.from_numpy(part.copy())) for part in np.array_split(past, 40)])
    best = scores.topk(NAMED, dim=2).indices.numpy()
    return np.asarray(best.transpose(1, 0, 2))
