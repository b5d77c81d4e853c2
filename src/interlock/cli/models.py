"""`interlock models`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from interlock.cli.flags import Switch
from interlock.cli.show import heading, line, matching, pairs, print_json, table
from interlock.cli.words import some
from interlock.inference.memory import cache_bytes, weight_bytes
from interlock.models import Formats, Model, count_parameters, known_architectures, model, scheme
from interlock.models import names as model_names
from interlock.models.catalogue import about
from interlock.units import show


def models(name: str | None = None, /, *, search: str = "", json: Switch = False) -> None:
    """List the shipped models, or show one: parameters by class, layers, cache.

    Parameters
    ----------
    name
        A shipped name, a config.json, or a folder that holds one.
    search
        Only models whose name or architecture contains this.
    json
        Print records instead of text.
    """
    if name is not None:
        found = model(name)
        print_json(_record(found)) if json else _one(found)
        return
    listed = [item for item in map(model, model_names()) if matching(search, item.name, item.architecture)]
    if json:
        print_json([_record(item) for item in listed])
        return
    heads = ("params\ntotal", "params\nactive", "KV per\ntoken", "max\ntokens")
    table([("\nmodel", "left"), ("\narchitecture", "left"), *((head, "right") for head in heads)],
          [_row(item) for item in listed])  # fmt: skip
    line(f"\n{some(len(listed), 'model')}; M is 10^6, B 10^9, T 10^12 parameters, KV in 16 bits.")
    line(f"Also any config.json of these architectures: {', '.join(known_architectures())}.")


def _row(m: Model) -> tuple[object, ...]:
    count = count_parameters(m)
    return (m.name, m.architecture, _size(count.total), _size(count.active), _cache(m), _length(m.max_positions))


def _length(positions: int | None) -> str:
    """Tokens as people write them; millions in binary, as configs have them."""
    if positions is None:
        return ""
    return str(positions) if positions < 2**20 else f"{positions / 2**20:.3g} Mi"


def _size(parameters: float) -> str:
    """Parameters as the field writes them: 671B."""
    return show(parameters, "").replace(" ", "").replace("G", "B")


def _cache(m: Model) -> str:
    each = _token_bytes(m)
    return show(each, "B") if each else ""


def _token_bytes(m: Model) -> float:
    formats = Formats.of(scheme())
    return float(cache_bytes(m, formats, None, 2.0) - cache_bytes(m, formats, None, 1.0))


def _record(m: Model) -> dict[str, Any]:
    count = count_parameters(m)
    return {
        "name": m.name,
        "architecture": m.architecture,
        "parameters": count.total,
        "active_parameters": count.active,
        "parameters_by_class": count.by_class,
        "weights_bytes_16bit": float(weight_bytes(m, Formats.of(scheme()))),
        "kv_bytes_per_token_16bit": _token_bytes(m),
        "stored_format": m.stored_format,
        "max_positions": m.max_positions,
        "vocabulary": m.vocabulary,
        **about(m.name),
    }


def _one(m: Model) -> None:
    record, count = _record(m), count_parameters(m)
    heading(f"{m.name}: {record.get('title', m.architecture)}")
    pairs(
        [
            ("parameters", f"{count.total:,} ({count.active:,} active for a token)"),
            *((f"  {group}", f"{size:,}") for group, size in count.by_class.items()),
            ("weights", f"{show(record['weights_bytes_16bit'], 'B')} in 16 bits; the checkpoint has {m.stored_format}"),
            ("KV cache", f"{_cache(m) or 'none'} a token in 16 bits"),
            ("positions", f"{m.max_positions:,}" if m.max_positions else "no limit"),
            ("source", str(record.get("source", "your config"))),
        ]
    )
    for stack in m.stacks:
        heading(f"{stack.kind}: {some(stack.depth, 'layer')} of width {stack.width}")
        pairs(
            (f"{layer.count} x", " + ".join(_described(part) for part in parts if part is not None))
            for layer in stack.layers
            for parts in [(layer.mixer, layer.cross, layer.feed_forward)]
        )
    if m.note:
        line(f"\n{m.note}")


def _described(part: Any) -> str:
    """A block by its name and the fields that are not the usual: "Attention(heads 32, kv_heads 8, head_dim 128)"."""
    shown = []
    for item in fields(part):
        value = getattr(part, item.name)
        if value != item.default:
            shown.append(f"{item.name} {_described(value) if is_dataclass(value) else value}")
    return f"{type(part).__name__}({', '.join(shown)})"
