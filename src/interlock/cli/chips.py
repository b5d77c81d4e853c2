"""`interlock chips`."""

from __future__ import annotations

from dataclasses import asdict

from interlock.cli.flags import Switch
from interlock.cli.show import heading, line, matching, pairs, print_json, table
from interlock.cli.words import Rows, count, some, sources, within
from interlock.hardware import Chip, all_chips, chip
from interlock.hardware.chip import Link, Memory
from interlock.units import UNITS, show


def chips(name: str | None = None, /, *, search: str = "", json: Switch = False) -> None:
    """List the chips, or show one with its sources and with what documents print of it.

    Parameters
    ----------
    name
        A chip's name, alias or TOML file.
    search
        Only chips whose name, vendor or category contains this.
    json
        Print records instead of text.
    """
    if name is not None:
        found = chip(name)
        print_json(asdict(found)) if json else _one(found)
        return
    listed = [item for item in all_chips() if matching(search, item.id, item.name, item.vendor, item.category)]
    if json:
        print_json([asdict(item) for item in listed])
        return
    heads = ("year", "16-bit\nTOP/s", "8-bit\nTOP/s", "memory\nGB", "bandwidth\nGB/s", "power\nW", "price\nUSD/h")
    table([("chip", "left"), *((head, "right") for head in heads)], [_row(item) for item in listed])
    line(
        f"\n{some(len(listed), 'chip')}. Peaks are dense, per chip; GB is 10^9 bytes. `interlock chips NAME` shows one."
    )


def _row(item: Chip) -> tuple[object, ...]:
    return (
        item.id,
        item.year,
        within(_rate(item, "bf16", "fp16"), "TOP/s", "FLOP/s"),
        within(_rate(item, "fp8", "int8"), "TOP/s", "FLOP/s"),
        within(item.main.capacity, "GB", "bytes"),
        within(item.main.bandwidth, "GB/s", "bytes/s"),
        within(item.tdp, "W", "W"),
        within(item.price.hourly, "USD/h", "USD/s"),
    )


def _rate(item: Chip, *formats: str) -> float | None:
    return max((peak for name in formats if (peak := item.peak(name)) is not None), default=None)


def _one(c: Chip) -> None:
    heading(f"{c.id}: {c.name}")
    known: Rows = [
        ("what", f"{c.vendor}, {c.year}, {c.category}{', ' + c.form_factor if c.form_factor else ''}"),
        ("aliases", ", ".join(c.aliases)),
        ("like", c.like or ""),
        ("confidence", c.confidence),
        ("power", show(c.tdp, "W")),
        ("process", show(c.process, "m")),
        ("price", _price(c)),
    ]
    pairs([(key, text) for key, text in known if text])
    for kind, engine in c.engines.items():
        heading(f"{kind} engine: {engine.cores or 'unknown number of'} x {engine.core_name}")
        rows: Rows = [(name, show(peak, "OP/s", 4)) for name, peak in engine.peaks.items()]
        rows += [("clock", show(engine.clock, "Hz"))] if engine.clock else []
        if engine.sparsity_factor > 1:
            rows.append(("sparse", f"{engine.sparsity_factor:g} times the dense peak, as advertised"))
        pairs(rows)
    heading("memories")
    pairs([(name, _memory(item)) for name, item in c.memories.items()])
    if c.links:
        heading("links (one direction)")
        pairs([(name, _link(item)) for name, item in c.links.items()])
    if c.printed:
        heading("as printed, and as modelled")
        for item in c.printed:
            line(f"  {item.what} ({item.where})")
            pairs([("printed", item.printed), ("modelled", item.value), ("why", item.why)], indent=4)
    sources(c.sources)
    if c.note:
        line(f"\n{c.note}")


def _price(c: Chip) -> str:
    bought = "" if c.price.purchase is None else f"{count(c.price.purchase)} USD"
    rented = "" if c.price.hourly is None else f"{c.price.hourly / UNITS['USD/s']['USD/h']:.3g} USD/h"
    return "; ".join(text for text in (bought, rented) if text) or "unknown"


def _memory(item: Memory) -> str:
    bandwidth = "bandwidth unknown" if item.bandwidth is None else show(item.bandwidth, "B/s")
    capacity = "capacity unknown" if item.capacity is None else show(item.capacity, "B")
    return f"{item.technology}: {capacity}, {bandwidth}"


def _link(item: Link) -> str:
    bandwidth = "bandwidth unknown" if item.bandwidth is None else show(item.bandwidth, "B/s")
    topology = "" if item.topology == "none" else f", {item.topology}"
    domain = f", {some(item.domain, 'chip')}" if item.domain else ""
    return f"{item.technology}: {bandwidth}{topology}{domain}"
