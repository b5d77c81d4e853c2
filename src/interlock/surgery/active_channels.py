"""Networks that compute only some channels of each token: those above a threshold, or those a small predictor names.

source:  Lee et al. 2024, CATS (threshold of |act(gate)| at a quantile of calibration data); Mirzadeh et al.
         2023, ReLU strikes back (ReLU in the place of another activation); Song et al. 2024, Turbo Sparse, equation 2
         (dReLU: ReLU of gate and of up); Liu et al. 2023, Deja Vu, section 4.1 (a two-layer predictor for each layer).
symbols: x inputs [tokens, width]; g = act(gate x); active where |g| >= threshold; y = down(g * up x) over active
         channels.
keeps:   a channel that is not active costs neither its row of up nor its column of down; with a threshold of 0, or a
         predictor that names every channel, the network computes what it did.
departs: rows are not gathered here: products are dense, and inactive channels are set to zero. What would be read is
         counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.errors import InputError, UnsupportedError
from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import blocks, body


class ChannelNetwork(nn.Module):
    """A gated network that leaves channels out."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.gate_proj, self.up_proj, self.down_proj = network.gate_proj, network.up_proj, network.down_proj
        self.activation: nn.Module = network.act_fn
        self.relu_up = False
        self.threshold = 0.0
        self.predictor: Predictor | None = None
        self.budget = 0
        self.active = self.channels = 0

    def gates(self, x: Tensor) -> Tensor:
        """g [..., channels]."""
        found: Tensor = self.activation(self.gate_proj(x))
        return found

    def mask(self, x: Tensor, g: Tensor) -> Tensor:
        """Channels that are computed."""
        if self.predictor is not None:
            return self.predictor.chosen(x, self.budget)
        return g.abs() >= self.threshold if self.threshold else g != 0

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] to [..., width]."""
        g = self.gates(x)
        up = self.up_proj(x)
        if self.relu_up:
            up = functional.relu(up)
        mask = self.mask(x, g)
        inner = g * up * mask
        used = mask & (up != 0) if self.relu_up else mask
        self.active += int(used.sum())
        self.channels += used.numel()
        found: Tensor = self.down_proj(inner)
        return found

    @property
    def density(self) -> float:
        """Share of channels that were computed since the counters were cleared."""
        return self.active / max(self.channels, 1)


class Predictor(nn.Module):
    """Scores every channel from the network's input, by two thin layers."""

    def __init__(self, width: int, rank: int, channels: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, rank), nn.Linear(rank, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of being active."""
        found: Tensor = self.second(functional.relu(self.first(x)))
        return found

    def chosen(self, x: Tensor, budget: int) -> Tensor:
        """The `budget` channels of highest score, as a mask."""
        scores = self(x)
        return torch.zeros_like(scores, dtype=torch.bool).scatter_(-1, scores.topk(budget, -1).indices, value=True)


def install(model: nn.Module) -> list[ChannelNetwork]:
    """Put such a network in every block, with nothing left out yet.

    Raises:
        UnsupportedError: blocks without a gated network.
    """
    found = []
    for block in blocks(model):
        network: Any = getattr(block.module, "mlp", None)
        if not all(hasattr(network, name) for name in ("gate_proj", "up_proj", "down_proj", "act_fn")):
            raise UnsupportedError(f"{block.name} has no gated network")
        made = network if isinstance(network, ChannelNetwork) else ChannelNetwork(network)
        block.module.mlp = made
        found.append(made)
    return found


@torch.no_grad()
def inputs_of(model: nn.Module, networks: list[ChannelNetwork], tokens: Tensor) -> list[Tensor]:
    """What each network reads, [tokens, width]."""
    seen: list[Tensor] = []
    hooks = [
        each.register_forward_pre_hook(lambda _, args: seen.append(args[0].reshape(-1, args[0].shape[-1])))
        for each in networks
    ]
    try:
        body(model)(tokens, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


@torch.no_grad()
def set_thresholds(model: nn.Module, networks: list[ChannelNetwork], calibration: Calibration, share: float) -> None:
    """Thresholds that leave out a share of the channels of calibration tokens, layer by layer.

    Raises:
        InputError: a share outside 0 to 1.
    """
    if not 0 <= share < 1:
        raise InputError("activation sparsity", f"a share of {share}", "0 to below 1")
    for place in range(len(networks)):  # each sees what the thresholds before it leave
        reads = inputs_of(model, networks, calibration.tokens)[place]
        size = networks[place].gates(reads).abs().reshape(-1)
        networks[place].threshold = float(size.kthvalue(max(1, round(share * len(size)))).values) if share else 0.0


def use_relu(networks: list[ChannelNetwork], *, both: bool = True) -> None:
    """ReLU as the activation, and with `both` on what multiplies it, too (dReLU)."""
    for each in networks:
        each.activation, each.relu_up = nn.ReLU(), both


def learn_predictor(
    network: ChannelNetwork, reads: Tensor, *, rank: int = 64, steps: int = 300, batch: int = 256, seed: int = 0
) -> Predictor:
    """A predictor of the network's own mask, by binary cross entropy on its calibration inputs."""
    with torch.no_grad():
        active = network.mask(reads, network.gates(reads)).float()
    generator = torch.Generator().manual_seed(seed)
    made = Predictor(reads.shape[1], rank, active.shape[1])
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * reads.shape[1] ** -0.5)
    optimizer = torch.optim.AdamW(made.parameters(), lr=3e-3)
    for _ in range(steps):
        rows = torch.randint(len(reads), (batch,), generator=generator)
        loss = functional.binary_cross_entropy_with_logits(made(reads[rows]), active[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return made.requires_grad_(requires_grad=False)


@torch.no_grad()
def recall(network: ChannelNetwork, predictor: Predictor, reads: Tensor, budget: int) -> float:
    """Share of the channels above the threshold that the predictor names."""
    active = network.mask(reads, network.gates(reads)) if network.predictor is None else None
    if active is None:
        raise InputError("recall", "a network that follows a predictor already", "one with a threshold")
    return float((active & predictor.chosen(reads, budget)).sum() / active.sum().clamp_min(1))


@contextmanager
def counting(networks: list[ChannelNetwork]) -> Iterator[None]:
    """Clear the counters of computed channels."""
    for each in networks:
        each.active = each.channels = 0
    yield
