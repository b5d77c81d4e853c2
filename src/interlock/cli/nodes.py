"""`interlock nodes`."""

from __future__ import annotations

from dataclasses import asdict

from interlock.cli.flags import Switch
from interlock.cli.show import heading, line, matching, pairs, print_json, table
from interlock.cli.words import Rows, count, some, sources
from interlock.hardware.node import Node, all_nodes, node
from interlock.units import show


def nodes(name: str | None = None, /, *, search: str = "", json: Switch = False) -> None:
    """List nodes, racks, pods and devices, or show one with its sources.

    Parameters
    ----------
    name
        A node's name, alias or TOML file.
    search
        Only nodes whose name, chip or kind contains this.
    json
        Print records instead of text.
    """
    if name is not None:
        found = node(name)
        print_json(asdict(found)) if json else _one(found)
        return
    listed = [item for item in all_nodes() if matching(search, item.id, item.name, item.chip, item.kind)]
    if json:
        print_json([asdict(item) for item in listed])
        return
    columns = [("node", "left"), ("kind", "left"), ("chips", "right"), ("chip", "left"), ("power", "right")]
    rows = [(i.id, i.kind, f"{i.chips:,}", i.chip, "" if i.power is None else show(i.power, "W")) for i in listed]
    table(columns, rows)
    line(f"\n{some(len(listed), 'node')}. `interlock nodes NAME` shows one with its sources.")


def _one(n: Node) -> None:
    heading(f"{n.id}: {n.name}")
    known: Rows = [("chips", f"{n.chips:,} x {n.chip}")]
    if n.torus:
        switched = ", optical circuit switches" if n.optical_circuit_switch else ""
        known.append(("torus", "x".join(str(side) for side in n.torus) + switched))
    if n.memory is not None:
        share = "" if n.memory_share is None else f", {show(n.memory_share, 'ratio')} of it for one application"
        known.append(("memory", f"{show(n.memory, 'B')} beside each chip{share}"))
    if n.host_memory is not None:
        speed = "" if n.host_memory_bandwidth is None else f", {show(n.host_memory_bandwidth, 'B/s')}"
        known.append(("host memory", f"{show(n.host_memory, 'B')}{speed}"))
    if n.processor is not None:
        known.append(("processor", n.processor))
    if n.storage is not None:
        known.append(("storage", f"{show(n.storage, 'B')}, read {show(n.storage_read, 'B/s')}"))
    price = "unknown" if n.price is None else f"{count(n.price)} USD"
    pairs([*known, ("power", show(n.power, "W")), ("price", price)])
    sources(n.sources)
    if n.note:
        line(f"\n{n.note}")
