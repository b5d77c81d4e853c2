"""A layer: a mixer over the sequence, a network over channels, and their norms."""

from __future__ import annotations

from dataclasses import dataclass, replace

from interlock.models.blocks.attention import Attention
from interlock.models.blocks.feed_forward import FeedForward
from interlock.models.blocks.latent_attention import LatentAttention
from interlock.models.blocks.mamba import Mamba
from interlock.models.blocks.mamba2 import Mamba2
from interlock.models.blocks.mixture import MixtureOfExperts
from interlock.models.blocks.norm import Norm
from interlock.models.blocks.weight import Cache, Weight
from interlock.models.context import Context
from interlock.operators import Operator, Split

Mixer = Attention | LatentAttention | Mamba | Mamba2
ChannelMixer = FeedForward | MixtureOfExperts


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """`count` equal layers of a stack. `parallel`: mixer and network read one input; their sums are reduced once."""

    count: int
    mixer: Mixer | None
    feed_forward: ChannelMixer | None
    norms: tuple[Norm, ...]
    cross: Attention | None = None
    parallel: bool = False
    extra_elements: int = 0  # small weights of no block, such as layer scales

    def weights(self, width: int) -> list[Weight]:
        """Of one layer."""
        found = [weight for part in self._parts() for weight in part.weights(width)]
        found += [weight for norm in self.norms for weight in norm.weights()]
        if self.extra_elements:
            found.append(Weight(name="extra", elements=self.extra_elements, group="other"))
        return found

    def caches(self) -> list[Cache]:
        """What one layer keeps for each sequence."""
        parts = (self.mixer, self.cross)
        return [part.cache() for part in parts if part is not None]

    def operators(self, c: Context) -> list[Operator]:
        """Of all `count` layers: each operator's count is the number of layers."""
        norms = [self._norm(c, index) for index in range(len(self.norms))]
        found = [part.operators(c) for part in self._parts()]
        if self.parallel:  # the sum over chips waits for that of the network
            found[0] = [replace(one, communication=None) if one.split is Split.ROW else one for one in found[0]]
        return norms + [operator for part in found for operator in part]

    def _parts(self) -> list[Mixer | ChannelMixer]:
        return [part for part in (self.mixer, self.cross, self.feed_forward) if part is not None]

    def _norm(self, c: Context, index: int) -> Operator:
        """A norm fused with the residual sum before it: reads both, writes both."""
        return c.elementwise(f"norm_{index + 1}", "norm", read=2 * c.width, written=2 * c.width, flop=4)
