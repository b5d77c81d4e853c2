"""`interlock lab`: computed rather than predicted. Every command of the group has a file `lab_<command>.py`."""

from __future__ import annotations

from cyclopts import App

from interlock.cli import lab_compare, lab_formats, lab_pretrain, lab_quality, lab_quantize, lab_sweep

lab = App(name="lab", help="Number formats, models and quality, computed rather than predicted.")
lab.command(lab_formats.formats)
lab.command(lab_quality.quality)
lab.command(lab_sweep.sweep)
lab.command(lab_compare.compare)
lab.command(lab_quantize.quantize)
lab.command(lab_pretrain.pretrain)
