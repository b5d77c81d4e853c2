"""The file `data/cost/stacks_fitted.toml`, made anew from the public sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from interlock.catalogue import DATA
from interlock.cost.stack import Stack
from interlock.evidence import Evidence
from interlock.evidence.store import read_sets
from interlock.validation.requests.fit import fit_stacks
from interlock.validation.split import FIT_SHARE

SETS: Final = ("llm_inference_bench", "aiconfigurator")
FILE: Final = DATA / "cost" / "stacks_fitted.toml"
_HEAD: Final = """\
# What stacks add, fitted: {share} of the requests of {sets}, told by a hash of each row with seed 0
# (see `interlock.validation.requests.split`). Score them on the other rows, or on other sets. Keys as in `stacks.toml`,
# which has the rest of each stack. Made by `interlock.validation.requests.refit`.

[fit]
sets = [{names}]

"""


def refit(folder: Path, to: Path = FILE) -> Path:
    """Fit the stacks to the sets in a folder and store them."""
    sets = [part for part in read_sets(folder, SETS) if part.family == "request"]
    to.write_text(stacks_text(fit_stacks(sets)), encoding="utf-8")
    return to


def stacks_text(found: Mapping[str, Stack]) -> str:
    """The fitted stacks as the file spells them."""
    fitted = {name: stack for name, stack in found.items() if stack.source.kind is Evidence.CALIBRATED}
    names = ", ".join(f'"{name}"' for name in SETS)
    text = [_HEAD.format(share=f"{FIT_SHARE:.0%}", sets=" and ".join(SETS), names=names)]
    for name, stack in fitted.items():
        text.append(
            f"[{_key(name)}]\n"
            f'step = "{stack.step_s * 1e3:.3g} ms"\n'
            f'sequence = "{stack.sequence_s * 1e6:.3g} us"\n'
            f'logit = "{stack.logit_s * 1e9:.3g} ns"\n'
            f'collective = "{stack.collective_s * 1e6:.3g} us"\n'
            f'launch = "{stack.launch_s * 1e6:.3g} us"\n'
            f"pace = {stack.pace_ratio:.3f}\n"
            f"grouped = {stack.grouped_ratio:.3f}\n"
            f'reserve = "{stack.reserve_bytes / 1e9:g} GB"\n'
            f'first = "{stack.first_s * 1e3:g} ms"\n'
            f"burst = {stack.burst_ratio:g}\n"
            f"chips = {_listed(stack.chips)}\n\n"
        )
    text.append("[sources]\n")
    for name, stack in fitted.items():
        text.append(f'"{name}" = {{ kind = "calibrated", ref = "{stack.source.ref}" }}\n')
        text.append(f'"{name}.reserve" = {{ kind = "calibrated", ref = "the best of 0 to 4 GB on the same rows" }}\n')
    return "".join(text)


def _key(name: str) -> str:
    return f'"{name}"' if "." in name else name


def _listed(names: tuple[str, ...]) -> str:
    return f"[{', '.join(repr(name) for name in names)}]".replace("'", '"')
