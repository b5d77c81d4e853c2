"""WSE-2: cores, width and clock give a tenth of the printed peak; the rest is assumed sparsity."""

from interlock.exhibits.base import Reproduction, claim, misprint, within
from interlock.exhibits.datasheet import chip_exhibit, clocked, engine, peak
from interlock.hardware import chip

CLAIM = claim("75 PFLOPS FP16, 40 GB at 20 PB/s, 20 kW, 46,255 mm2", "the accelerator review, Tables 1 and 2")


def run() -> Reproduction:
    """850,000 cores x 8 FLOP x 1.1 GHz = 7.5 PFLOP/s dense; the record keeps both."""
    dense, area = peak("wse-2", "fp16") / 1e15, (chip("wse-2").die_area or 0) * 1e6
    return chip_exhibit(
        "wse-2",
        within("850,000 cores x 8 FLOP x 1.1 GHz", 7.5, clocked("wse-2", 8) / 1e15, 0.01, "PFLOP/s"),
        within("dense peak of the record", 7.5, dense, 0.01, "PFLOP/s"),
        misprint("FP16, printed 75", 75, dense, "PFLOP/s", "with about tenfold unstructured sparsity"),
        within("printed FP16 = the sparse peak", 75, dense * engine("wse-2").sparsity_factor, 0.01, "PFLOP/s"),
        within("area, 215 mm squared", 215**2, area, 1e-6, "mm2", "printed 46,255: two digits changed places"),
        within("area over that of the A100", 56, area / ((chip("a100-80g").die_area or 0) * 1e6), 0.01),
    )
