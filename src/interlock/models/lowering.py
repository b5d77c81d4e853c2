"""From a model and a step to operators, before any parallelism.

keeps: work and bytes are those of the whole model; parallel/ divides them among chips.
"""

from __future__ import annotations

import numpy as np

from interlock.models.context import Context, present
from interlock.models.formats import Formats
from interlock.models.model import Model, Stack
from interlock.models.step import Step, prefill
from interlock.operators import Array, Communication, Kind, Operator, Split


def lower(model: Model, step: Step, formats: Formats, *, skew: float = 0.0) -> list[Operator]:
    """The operators of one step.

    Args:
        model: what runs.
        step: prompts, decoding sequences, or both.
        formats: bytes an element by tensor class.
        skew: how unevenly tokens choose experts; 0 is uniform, 1 is Zipf's law.
    """
    operators: list[Operator] = []
    if model.vision is not None:
        operators += _vision(model, model.vision, step, formats)
    if model.encoder is not None:
        operators += _encoder(model, model.encoder, step, formats)
    if model.decoder is not None:
        context = _context(model.decoder, step, formats, step.tokens, skew=skew)
        operators += _embed(model.decoder, context)
        operators += _layers(model.decoder, context)
        operators += _head(model, context)
    return operators


def _context(
    stack: Stack, step: Step, formats: Formats, tokens: Array, *, prefix: str = "", skew: float = 0.0
) -> Context:
    return Context(
        step=step, formats=formats, width=stack.width, tokens=tokens, prefix=prefix, causal=stack.causal, skew=skew
    )


def _layers(stack: Stack, context: Context) -> list[Operator]:
    found: list[Operator] = []
    kinds = len(stack.layers)
    for index, layer in enumerate(stack.layers):
        prefix = f"{context.prefix}{index + 1}." if kinds > 1 else context.prefix
        c = Context(
            step=context.step,
            formats=context.formats,
            width=context.width,
            tokens=context.tokens,
            count=float(layer.count),
            prefix=prefix,
            causal=context.causal,
            skew=context.skew,
        )
        found += layer.operators(c)
    return found


def _vision(model: Model, stack: Stack, step: Step, formats: Formats) -> list[Operator]:
    """Images as sequences of patches through the encoder, then the projector into the decoder's width."""
    patches = stack.patches
    assert patches is not None
    alone = model.decoder is None
    images = step.prefill_sequences * (np.maximum(step.images, 1.0) if alone else step.images)
    inside = prefill(images * patches.tiles, float(patches.count))
    c = _context(stack, inside, formats, inside.tokens, prefix="vision.")
    pixels = patches.channels * patches.patch**2
    grid = inside.prefill_sequences * float(patches.count - patches.class_tokens)
    embed = c.matmul("patches", "embedding", m=grid, n=stack.width, k=pixels, bias=patches.bias, quantized=False)
    found = [embed, *_layers(stack, c), *_final_norms(stack, c, inside.tokens), *_pooled(stack, c)]
    for index, (inputs, outputs) in enumerate(model.projector):
        rows = images * patches.tokens
        found.append(
            c.matmul(f"projector_{index + 1}", "projector", m=rows, n=outputs, k=inputs, bias=model.projector_bias)
        )
    return found


def _encoder(model: Model, stack: Stack, step: Step, formats: Formats) -> list[Operator]:
    """Encoders read whole inputs at once; an encoder-decoder's input is `encoder_tokens` long."""
    length = step.encoder_tokens if model.decoder is not None else step.prefill_tokens
    inside = prefill(step.prefill_sequences, length)
    prefix = "encoder." if model.decoder is not None else ""
    c = _context(stack, inside, formats, inside.tokens, prefix=prefix)
    found = [*_embed(stack, c), *_layers(stack, c)]
    if model.decoder is None and model.head is not None:
        return found + _head(model, c)
    return [*found, *_final_norms(stack, c, inside.tokens), *_pooled(stack, c)]


def _final_norms(stack: Stack, c: Context, rows: Array) -> list[Operator]:
    names = [f"final_norm_{index + 1}" if index else "final_norm" for index in range(len(stack.final_norms))]
    return [c.elementwise(name, "head", rows=rows, read=c.width, written=c.width, flop=4) for name in names]


def _pooled(stack: Stack, c: Context) -> list[Operator]:
    rows = c.step.prefill_sequences
    return [
        c.matmul("pooled", "head", m=rows, n=dense.outputs, k=dense.inputs, bias=dense.bias) for dense in stack.pooled
    ]


def _embed(stack: Stack, c: Context) -> list[Operator]:
    if stack.embedding is None:
        return []
    rows, width, f = c.tokens, stack.embedding.width, c.formats
    gather = Operator(
        name=f"{c.prefix}embedding",
        block="embedding",
        kind=Kind.EMBEDDING,
        split=Split.COLUMN,
        m=rows,
        n=width,
        weight_bytes=rows * width * f.head,
        output_bytes=rows * width * f.wide,
        compute=f.wide_compute,
        communication=Communication.ALL_REDUCE,
        launches=present(rows),
    )
    if not stack.embedding.projection:
        return [gather]
    return [gather, c.matmul("embedding_projection", "embedding", n=stack.width, k=width)]


def _head(model: Model, c: Context) -> list[Operator]:
    """Final norm, logits and sampling for the rows that need them."""
    head, f = model.head, c.formats
    rows = c.step.logit_rows
    before = _final_norms(model.main, c, rows)
    if head is None:
        return before
    if head.inputs:
        before.append(c.matmul("head_projection", "head", m=rows, n=head.width, k=head.inputs))
    logits = Operator(
        name=f"{c.prefix}logits",
        block="head",
        kind=Kind.MATMUL,
        split=Split.COLUMN,
        m=rows,
        n=head.rows,
        k=head.width,
        flop=2.0 * rows * head.rows * head.width,
        compute=f.wide_compute,
        weight_bytes=head.rows * head.width * f.head * present(rows),
        input_bytes=rows * head.width * f.wide,
        output_bytes=rows * head.rows * f.wide,
        launches=present(rows),
        communication=Communication.ALL_GATHER,
    )
    sample = Operator(
        name=f"{c.prefix}sample",
        block="head",
        kind=Kind.SAMPLING,
        m=rows,
        n=head.rows,
        flop=5.0 * rows * head.rows,
        compute=f.wide_compute,
        input_bytes=rows * head.rows * f.wide,
        output_bytes=rows * 4.0,
        launches=present(rows),
    )
    return [*before, logits, sample] if model.generates else [*before, logits]
