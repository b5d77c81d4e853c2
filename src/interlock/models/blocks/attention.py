"""Multi-head attention with any number of KV heads (MHA, GQA, MQA), causal or not, with or without a window.

sources: Vaswani et al. 2017; Shazeer 2019 (MQA); Ainslie et al. 2023 (GQA); Beltagy et al. 2020 (sliding window).
symbols: q new tokens of a sequence, c tokens in its cache, w window, d head width.
keeps:   `flop` counts pairs of query and key that the mask lets through; `dense_flop` the full rectangle, which is
         what a framework's counter reports.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from interlock.models.blocks.norm import Norm
from interlock.models.blocks.weight import Cache, Weight
from interlock.models.context import Context, present
from interlock.operators import Array, Attending, Communication, Kind, Operator, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Projections, scores and the weighted sum; `cross` reads the encoder's output instead of the stream.

    `head_norm` norms each head, `whole_norms` all queries of a token together and all keys; `sinks`: a logit that each
    head learns for attending to nothing.
    """

    heads: int
    kv_heads: int
    head_dim: int
    query_bias: bool = False
    kv_bias: bool = False
    output_bias: bool = False
    head_norm: Norm | None = None
    window: int | None = None
    cross: bool = False
    position_buckets: int = 0
    whole_norms: bool = False
    sinks: bool = False

    @property
    def query_width(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_dim

    @property
    def kv_width(self) -> int:
        """Width of all keys and values of a token."""
        return 2 * self.kv_heads * self.head_dim

    def weights(self, width: int) -> list[Weight]:
        """Query, key and value, output; biases; norms of queries and keys; relative position buckets."""
        q, kv = self.query_width, self.kv_width
        heads, kv_heads = self.heads, self.kv_heads
        found = [
            Weight(name="attention.query", elements=width * q, group="linear", split=Split.COLUMN, ways=heads),
            Weight(
                name="attention.key_value",
                elements=width * kv,
                group="linear",
                split=Split.COLUMN,
                ways=kv_heads,
            ),
            Weight(name="attention.output", elements=q * width, group="linear", split=Split.ROW, ways=heads),
        ]
        small = q * self.query_bias + kv * self.kv_bias + width * self.output_bias + self.position_buckets * heads
        small += (q + kv // 2) * self.whole_norms + heads * self.sinks
        if self.head_norm is not None:
            small += 2 * sum(weight.elements for weight in self.head_norm.weights())
        if small:
            found.append(Weight(name="attention.small", elements=small, group="other"))
        return found

    def cache(self) -> Cache:
        """Keys and values of every token, or of the last `window` tokens, or of the encoder's tokens."""
        return Cache(token_elements=self.kv_width, window=self.window, ways=self.kv_heads, encoder=self.cross)

    def operators(self, c: Context) -> list[Operator]:
        """Projections, rotation with the write to the cache, attention of prompts and of decoding sequences, output."""
        if self.cross:
            c = replace(c, prefix=f"{c.prefix}cross_")
        step, f = c.step, c.formats
        source = step.prefill_sequences * step.encoder_tokens if self.cross else c.tokens
        column = Split.COLUMN
        operators = [
            c.matmul(
                "query",
                "attention",
                n=self.query_width,
                k=c.width,
                split=column,
                ways=self.heads,
                bias=self.query_bias,
            ),
            c.matmul(
                "key_value",
                "attention",
                m=source,
                n=self.kv_width,
                k=c.width,
                split=column,
                ways=self.kv_heads,
                bias=self.kv_bias,
                launches=1.0 if self.cross else 0.0,
            ),
            c.elementwise(
                "rotate_and_store",
                "attention",
                read=self.query_width + self.kv_width,
                written=self.query_width,
                flop=3,
                split=Split.HEADS,
                ways=self.kv_heads,
                kv_written=source * self.kv_width * f.kv,
            ),
        ]
        if step.has_prefill:
            operators.append(self._prefill(c))
        if step.has_decode:
            operators.append(self._decode(c))
        operators.append(
            c.matmul(
                "output",
                "attention",
                n=c.width,
                k=self.query_width,
                split=Split.ROW,
                ways=self.heads,
                bias=self.output_bias,
                communication=Communication.ALL_REDUCE,
            )
        )
        return operators

    def _prefill(self, c: Context) -> Operator:
        s = c.step
        q, past = s.prefill_tokens, s.prefill_context
        keys = s.encoder_tokens if self.cross else past + q
        pairs = q * keys if self.cross or not c.causal else causal_pairs(q, past, self.window)
        if self.window is not None:
            keys = np.minimum(keys, q + self.window - 1.0)  # what the first of the new tokens still sees
        return self._attend(c, "prefill", s.prefill_sequences, q, keys, pairs, past)

    def _decode(self, c: Context) -> Operator:
        s = c.step
        keys = s.encoder_tokens if self.cross else s.decode_context + 1.0
        if self.window is not None:
            keys = np.minimum(keys, self.window)
        past = s.encoder_tokens if self.cross else s.decode_context
        return self._attend(c, "decode", s.decode_sequences, present(s.decode_sequences), keys, keys, past)

    def _attend(
        self, c: Context, phase: str, sequences: Array, q: Array, keys: Array, pairs: Array, past: Array
    ) -> Operator:
        rows = sequences * q * self.query_width * c.formats.wide
        return Operator(
            name=f"{c.prefix}attend_{phase}",
            block="attention",
            kind=Kind.ATTENTION,
            split=Split.HEADS,
            ways=self.heads,
            kv_ways=self.kv_heads,
            count=c.count,
            batch=sequences * self.heads,
            m=q,
            n=keys,
            k=float(self.head_dim),
            flop=4.0 * sequences * pairs * self.query_width,
            dense_flop=4.0 * sequences * q * keys * self.query_width,
            compute=c.formats.wide_compute,
            input_bytes=rows,
            output_bytes=rows,
            kv_bytes=sequences * keys * self.kv_width * c.formats.kv * present(q),
            launches=present(sequences * q),
            attending=None
            if self.cross or not c.causal
            else Attending(
                decoding=phase == "decode",
                heads=float(self.heads),
                kv_heads=float(self.kv_heads),
                head_dim=float(self.head_dim),
                sequences=sequences,
                tokens=q,
                context=past,
                kv_element_bytes=c.formats.kv,
                window=self.window,
            ),
        )


def causal_pairs(q: Array, past: Array, window: int | None = None) -> Array:
    """Query-key pairs that a causal mask lets through: the sum over q new tokens of min(window, tokens up to it)."""
    if window is None:
        return q * past + q * (q + 1.0) / 2.0
    short = np.clip(window - past, 0.0, q)
    return short * past + short * (short + 1.0) / 2.0 + (q - short) * window
