"""Voyager: a cluster of Gaudi nodes as one preset."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.hardware import chip
from interlock.hardware.node import node, nodes_of

CLAIM = claim(
    "a supercomputer of Gaudi nodes joined by RoCE", "SDSC Voyager user guide; the accelerator review, section 3"
)


def run() -> Reproduction:
    """42 nodes of eight Gaudi on one switch, found by name and by chip."""
    whole, part = node("voyager"), node("voyager-node")
    links = chip(whole.chip).links["scale_up"]
    return reproduction(
        exactly("42 nodes x 8 Gaudi", 42 * 8, whole.chips),
        exactly("Gaudi of a node", 8, part.chips),
        exactly("memory of the hosts over that of one", 42, (whole.host_memory or 0) / (part.host_memory or 1)),
        holds("the links are RoCE", "RoCE" in links.technology, links.technology),
        holds(
            "both are among the nodes of their chip", {whole.id, part.id} <= {item.id for item in nodes_of(whole.chip)}
        ),
    )
