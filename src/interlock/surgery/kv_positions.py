"""Keys as they are before rotary positions, from keys as a cache gets them.

symbols: y = (c + s J) x with c, s the model's own cosines and sines of a position, J the exchange of a head's halves;
         x = (c - s J) y / (c^2 + s^2), since J J = -1.
keeps:   rotary parts of a head that are narrower than the head leave the rest as it is.
departs: positions count from the first token of the cache; sequences that are padded on the left are not known here.
source:  Su et al. 2021, RoFormer, section 3.2.2; before positions: Hooper et al. 2024, KVQuant, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from interlock.errors import UnsupportedError
from interlock.surgery.decoder import body


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """The model's rotary positions, taken off and put on again."""

    rotary: Any

    def apply(self, keys: Tensor, first: int) -> Tensor:
        """Keys before positions."""
        cos, sin = self._angles(keys, first)
        width = cos.shape[-1]
        x = keys[..., :width]
        found = (x * cos - _halves(x) * sin) / (cos.square() + sin.square())
        return torch.cat([found, keys[..., width:]], -1)

    def inverse(self, keys: Tensor, first: int) -> Tensor:
        """Keys as attention reads them."""
        cos, sin = self._angles(keys, first)
        width = cos.shape[-1]
        x = keys[..., :width]
        return torch.cat([x * cos + _halves(x) * sin, keys[..., width:]], -1)

    def _angles(self, keys: Tensor, first: int) -> tuple[Tensor, Tensor]:
        cos, sin = self.rotary(keys, torch.arange(first, first + keys.shape[-2]).unsqueeze(0))
        return cos.unsqueeze(1), sin.unsqueeze(1)


def positions_of(model: nn.Module) -> Positions | None:
    """The rotary positions of a decoder; None if it has others.

    Raises:
        UnsupportedError: a head's halves are not turned together.
    """
    found = [module for name, module in body(model).named_modules() if name.rpartition(".")[2] == "rotary_emb"]
    if not found:
        return None
    cos, _ = found[0](torch.zeros(1, 1, 1, 1), torch.tensor([[1]]))
    half = cos.shape[-1] // 2
    if len(found) > 1 or not torch.equal(cos[..., :half], cos[..., half:]):
        raise UnsupportedError(f"{type(model).__name__} turns keys by positions in a way that is not known here")
    return Positions(found[0])


def _halves(x: Tensor) -> Tensor:
    """J x."""
    half = x.shape[-1] // 2
    return torch.cat([-x[..., half:], x[..., :half]], -1)
