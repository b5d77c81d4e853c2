"""`interlock techniques`, `interlock formats` and `interlock workloads`."""

from __future__ import annotations

import re
from dataclasses import asdict, fields

from interlock.cli.flags import Switch
from interlock.cli.show import heading, line, matching, pairs, print_json, table
from interlock.cli.words import some
from interlock.effects import Effect
from interlock.numerics import known_formats, number_format
from interlock.techniques import Technique, names, technique
from interlock.workloads import names as workload_names
from interlock.workloads import workload


def techniques(name: str | None = None, /, *, search: str = "", json: Switch = False) -> None:
    """List the techniques, or show one: parameters, effects, paper.

    Parameters
    ----------
    name
        A technique, with parameters after a colon if wanted: gptq:bits=3.
    search
        Only techniques whose name, family or title contains this.
    json
        Print records instead of text.
    """
    if name is not None:
        _one_technique(name, json)
        return
    rows = [(key, family, technique(key)) for key, family in names().items()]
    rows = [row for row in rows if matching(search, row[0], row[1], row[2].title)]
    if json:
        print_json([{"name": key, "family": family, "title": item.title} for key, family, item in rows])
        return
    columns = [("technique", "name"), ("family", "left"), ("title", "left"), ("sets", "wrap")]
    table(columns, [(key, family, item.title, _sets(item)) for key, family, item in rows])
    running = sum(item.runs for _, _, item in rows)
    line(f"\n{some(len(rows), 'technique')}, {running} with an algorithm; estimates use them with --technique NAME.")


def _one_technique(name: str, json: bool) -> None:
    found = technique(name, "technique")
    effects = [{type(effect).__name__: asdict(effect)} for effect in found.effects()]
    settings = {item.name: getattr(found, item.name) for item in fields(found)}
    if json:
        print_json(
            {"name": name, "title": found.title, "paper": found.paper, "parameters": settings, "effects": effects}
        )
        return
    heading(f"{name}: {found.title}")
    pairs(
        [
            ("paper", found.paper),
            ("parameters", ", ".join(f"{key}={value}" for key, value in settings.items()) or "none"),
            ("sets", _sets(found)),
            ("status", "runs on real models, and is predicted" if found.runs else "predicted only: no algorithm yet"),
        ]
    )


def _sets(item: Technique) -> str:
    return "; ".join(map(_words, item.effects()))


def _words(effect: Effect) -> str:
    """An effect in words: WeightFormat(name="nf4-dq") is "weight format nf4-dq"."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", type(effect).__name__)
    said = " ".join(word if word.isupper() else word.lower() for word in words)
    return f"{said} {' '.join(str(value) for value in asdict(effect).values())}"


def formats(*names: str, json: Switch = False) -> None:
    """Show what number formats store for an element, scales, zero points and indices included.

    Parameters
    ----------
    names
        Formats such as int4-g128, mxfp4 or bf16+2:4; the named ones if absent.
    json
        Print records instead of text.
    """
    found = [number_format(name) for name in names] if names else known_formats()
    if json:
        print_json([{"name": f.name, "bits": f.bits, "operand": f.operand, "about": f.about} for f in found])
        return
    table([("format", "left"), ("bits", "right"), ("multiplied as", "left"), ("what is stored", "wrap")],
          [(f.name, f"{f.bits:.5g}", f.operand, f.about) for f in found])  # fmt: skip
    if not names:
        line("\nAlso groups of integers (int4-g128, int3-g64-asym), and any format with sparsity (bf16+2:4, int8+50%).")


def workloads(*, json: Switch = False) -> None:
    """List the workloads: tokens in and out of a request.

    Parameters
    ----------
    json
        Print records instead of text.
    """
    found = [workload(name) for name in workload_names()]
    if json:
        print_json([asdict(item) for item in found])
        return
    table([("workload", "left"), ("in", "right"), ("out", "right"), ("what", "wrap"), ("source", "wrap")],
          [(w.id, f"{w.prompt:g}", f"{w.output:g}", w.title, w.sources["prompt"].ref) for w in found])  # fmt: skip
