"""Mixture of experts: a router, routed experts and, in some models, experts that every token passes through.

sources: Shazeer et al. 2017; Fedus et al. 2021 (Switch, top-1); DeepSeekMoE (shared experts).
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock.models.blocks.feed_forward import FeedForward
from interlock.models.blocks.weight import Weight
from interlock.models.context import Context, present
from interlock.models.routing import active_experts
from interlock.operators import Array, Communication, Kind, Operator, Routing, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureOfExperts:
    """`experts` networks of the same shape, `top_k` of them for each token, and one `shared` network beside them."""

    experts: int
    top_k: int
    expert: FeedForward
    shared: FeedForward | None = None
    shared_gate: bool = False
    router_bias: bool = False

    def weights(self, width: int) -> list[Weight]:
        """Router, experts, shared network and its gate."""
        each = sum(weight.elements for weight in self.expert.weights(width))
        router = width * self.experts + (self.experts if self.router_bias else 0)
        small = router + (width if self.shared_gate else 0)
        shared = self.shared.weights(width) if self.shared else []
        routed = Weight(
            name="moe.experts",
            elements=self.experts * each,
            group="expert",
            split=Split.EXPERT_COLUMN,
            ways=self.experts,
            used=self.top_k / self.experts,
        )
        return [routed, Weight(name="moe.router", elements=small, group="other"), *shared]

    def operators(self, c: Context) -> list[Operator]:
        """Routing, the two grouped products with the activation between them, and the shared network."""
        tokens, f, e = c.tokens, c.formats, self.expert
        router = c.matmul("router", "moe", n=self.experts, k=c.width, quantized=False)
        pick = Operator(
            name=f"{c.prefix}pick_experts",
            block="moe",
            kind=Kind.ROUTING,
            count=c.count,
            m=tokens,
            n=self.experts,
            flop=5.0 * tokens * self.experts,
            compute=f.wide_compute,
            input_bytes=tokens * self.experts * f.wide,
            output_bytes=tokens * self.top_k * 8.0,
            launches=present(tokens),
        )
        routed = c.elementwise(
            "expert_activation",
            "moe",
            rows=tokens * self.top_k,
            read=e.inputs,
            written=e.intermediate,
            flop=4,
            split=Split.EXPERT_COLUMN,
        )
        operators = [
            router,
            pick,
            self._grouped(c, "expert_gate_up" if e.gated else "expert_up", e.inputs, c.width, Split.EXPERT_COLUMN),
            routed,
            self._grouped(c, "expert_down", c.width, e.intermediate, Split.EXPERT_ROW),
            c.elementwise("combine", "moe", read=self.top_k * c.width, written=c.width, flop=2.0 * self.top_k),
        ]
        if self.shared_gate:
            operators.append(c.matmul("shared_gate", "moe", n=1, k=c.width, quantized=False))
        return operators + (self.shared.operators(c, "shared_expert") if self.shared else [])

    def _grouped(self, c: Context, name: str, n: int, k: int, split: Split) -> Operator:
        f = c.formats
        rows: Array = c.tokens * self.top_k
        active = active_experts(self.experts, self.top_k, c.skew, c.tokens)
        bias = n * f.wide if self.expert.bias else 0.0
        return Operator(
            name=c.prefix + name,
            block="moe",
            kind=Kind.MATMUL,
            split=split,
            ways=self.experts,
            count=c.count,
            batch=active,
            m=rows / (active + (active == 0)),
            n=n,
            k=k,
            flop=2.0 * rows * n * k,
            compute=f.compute,
            weight_bytes=active * (n * k * f.weight + bias),
            input_bytes=rows * k * f.activation,
            output_bytes=rows * n * f.wide,
            launches=present(rows),
            sparse=f.sparse,
            routing=Routing(
                experts=self.experts,
                top_k=self.top_k,
                skew=c.skew,
                tokens=c.tokens,
                hidden=float(c.width),
                intermediate=float(self.expert.intermediate),
                gated=self.expert.gated,
            ),
            communication=Communication.ALL_REDUCE if split is Split.EXPERT_ROW else None,
        )
