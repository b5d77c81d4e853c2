"""SwarmX: the printed bandwidth is that of the mesh on the wafer."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, misprint, reproduction, within
from interlock.hardware import chip

CLAIM = claim("SwarmX fabric, 220 Pb/s", "the accelerator review, Table 3")


def run() -> Reproduction:
    """27.5 PB/s on the wafer, 12 x 100 GbE off it; the record keeps them apart."""
    wse = chip("wse-2")
    off = (wse.links["scale_out"].bandwidth or 0) / 1e12
    return reproduction(
        exactly("220 Pbit/s", 27.5, 220 / 8, "PB/s"),
        exactly("12 x 100 GbE between systems", 0.15, off, "TB/s"),
        misprint("between systems, printed 220 Pb/s", 27.5e3, off, "TB/s", "that is on the wafer"),
        within("the mesh over the network", 183_333, 27.5e3 / off, 0.001),
        holds("the on-wafer mesh is not a link between chips", "scale_up" not in wse.links and "27.5 PB/s" in wse.note),
    )
