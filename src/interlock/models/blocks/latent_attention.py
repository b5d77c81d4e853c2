"""Multi-head latent attention (MLA): keys and values are kept as one short latent vector a token.

source:  DeepSeek-V2, section 2.1 and appendix C (absorption of the up-projections into queries and outputs).
idea:    prompts expand the latent to full heads; decoding multiplies the up-projections into queries and outputs
         instead and attends in the latent space, so that only the latent is read. Only latents are cached, so whoever
         expands must expand every cached token again.
symbols: nope, rope: head widths without and with rotation; value: head width of values; r: latent width.
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock.models.blocks.attention import causal_pairs
from interlock.models.blocks.weight import Cache, Weight
from interlock.models.context import Context, present
from interlock.operators import Array, Attending, Communication, Kind, Operator, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentAttention:
    """MLA; `absorbed` decoding is what serving engines do, the expanded form is what reference code does."""

    heads: int
    query_rank: int | None
    latent: int
    nope: int
    rope: int
    value: int
    bias: bool = False
    absorbed: bool = True

    def weights(self, width: int) -> list[Weight]:
        """Down and up projections of queries and of the latent, output, and the two norms on the latents."""
        head = self.nope + self.rope
        h, rank = self.heads, self.query_rank
        down = width * (self.latent + self.rope) + (width * rank if rank else 0)
        query = (rank or width) * h * head
        small = self.latent + (rank or 0)
        if self.bias:
            small += (rank or 0) + self.latent + self.rope + width
        column = Split.COLUMN
        return [
            Weight(name="attention.down", elements=down, group="linear"),
            Weight(name="attention.query", elements=query, group="linear", split=column, ways=h),
            Weight(
                name="attention.key_value",
                elements=self.latent * h * (self.nope + self.value),
                group="linear",
                split=column,
                ways=h,
            ),
            Weight(
                name="attention.output",
                elements=h * self.value * width,
                group="linear",
                split=Split.ROW,
                ways=h,
            ),
            Weight(name="attention.small", elements=small, group="other"),
        ]

    def cache(self) -> Cache:
        """The latent and the shared rotated key: every chip of a tensor-parallel group holds all of it."""
        return Cache(token_elements=self.latent + self.rope, ways=1)

    def operators(self, c: Context) -> list[Operator]:
        """Down, up, attention by phase, output."""
        step, h = c.step, self.heads
        head = self.nope + self.rope
        column = Split.COLUMN
        operators = [
            c.matmul(
                "compress",
                "attention",
                n=self.latent + self.rope + (self.query_rank or 0),
                k=c.width,
                bias=self.bias,
            ),
            c.matmul("query", "attention", n=h * head, k=self.query_rank or c.width, split=column, ways=h),
            c.elementwise(
                "rotate_and_store",
                "attention",
                read=h * self.rope + self.latent + self.rope,
                written=h * self.rope,
                flop=3,
                split=Split.HEADS,
                ways=1,
                kv_written=c.tokens * (self.latent + self.rope) * c.formats.kv,
            ),
        ]
        if step.has_prefill:
            rows = step.prefill_sequences * (step.prefill_context * present(step.prefill_tokens) + step.prefill_tokens)
            operators += [self._expand(c, "expand", rows), self._prefill(c)]
        if step.has_decode and self.absorbed:
            operators += self._absorbed(c)
        elif step.has_decode:
            rows = step.decode_sequences * (step.decode_context + 1.0)
            operators += [self._expand(c, "expand_decode", rows), self._expanded_decode(c)]
        output = c.matmul(
            "output",
            "attention",
            n=c.width,
            k=h * self.value,
            split=Split.ROW,
            ways=h,
            bias=self.bias,
            communication=Communication.ALL_REDUCE,
        )
        return [*operators, output]

    def _expand(self, c: Context, name: str, rows: Array) -> Operator:
        n = self.heads * (self.nope + self.value)
        return c.matmul(name, "attention", m=rows, n=n, k=self.latent, split=Split.COLUMN, ways=self.heads)

    def _prefill(self, c: Context) -> Operator:
        s = c.step
        q, keys = s.prefill_tokens, s.prefill_context + s.prefill_tokens
        pairs = causal_pairs(q, s.prefill_context)
        widths = self.nope + self.rope + self.value
        return self._attend(c, "attend_prefill", s.prefill_sequences, q, keys, pairs, widths, s.prefill_context)

    def _expanded_decode(self, c: Context) -> Operator:
        s = c.step
        keys = s.decode_context + 1.0
        widths = self.nope + self.rope + self.value
        return self._attend(c, "attend_decode", s.decode_sequences, 1.0, keys, keys, widths, s.decode_context)

    def _absorbed(self, c: Context) -> list[Operator]:
        s, h = c.step, self.heads
        keys = s.decode_context + 1.0
        rows = s.decode_sequences
        absorb = c.matmul(
            "absorb_query", "attention", m=rows, n=h * self.latent, k=self.nope, split=Split.COLUMN, ways=h
        )
        widths = 2 * self.latent + self.rope
        attend = self._attend(c, "attend_decode", rows, 1.0, keys, keys, widths, s.decode_context)
        value = c.matmul(
            "absorb_value", "attention", m=rows, n=h * self.value, k=self.latent, split=Split.COLUMN, ways=h
        )
        return [absorb, attend, value]

    def _attend(
        self, c: Context, name: str, sequences: Array, q: Array, keys: Array, pairs: Array, widths: float, past: Array
    ) -> Operator:
        f = c.formats
        rows = sequences * q * self.heads * f.wide
        decoding = name.endswith("decode")
        return Operator(
            name=c.prefix + name,
            block="attention",
            kind=Kind.ATTENTION,
            split=Split.HEADS,
            ways=self.heads,
            kv_ways=1,
            count=c.count,
            batch=sequences * self.heads,
            m=q,
            n=keys,
            k=widths / 2.0,
            flop=2.0 * sequences * pairs * self.heads * widths,
            dense_flop=2.0 * sequences * q * keys * self.heads * widths,
            compute=f.wide_compute,
            input_bytes=rows * (self.nope + self.rope),
            output_bytes=rows * self.value,
            kv_bytes=sequences * keys * (self.latent + self.rope) * f.kv * present(q),
            launches=present(sequences * q),
            attending=None
            if decoding and not self.absorbed
            else Attending(
                decoding=decoding,
                heads=float(self.heads),
                kv_heads=1.0 if decoding else float(self.heads),
                head_dim=float(self.nope + self.rope),
                sequences=sequences,
                tokens=q,
                context=past,
                kv_element_bytes=f.kv,
                latent=True,
            ),
        )
