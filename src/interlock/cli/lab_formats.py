"""`interlock lab formats`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from interlock.cli.flags import Switch, Whole
from interlock.cli.show import heading, line, print_json, progress, table
from interlock.errors import InputError
from interlock.numerics import codec, codec_names
from interlock.numerics.arrays import Floats
from interlock.numerics.rounding import checked_rounding
from interlock.numerics.samples import DRAWN, sample
from interlock.numerics.survey import Survey, survey
from interlock.report.page.formats import formats_page
from interlock.report.write import write


def formats(
    *names: str,
    tensor: str = "normal",
    rounding: str | None = None,
    seed: Whole = 0,
    json: Switch = False,
    html: Path | None = None,
) -> None:
    """Store a tensor in number formats and read it again: bits, numbers, range and error of each.

    Parameters
    ----------
    names
        Formats such as int4-g128, mxfp4, nf4-dq, ant4 or bf16+2:4; all named ones if absent.
    tensor
        normal, student or outliers, drawn here; or a file of yours: weights.npy, model.safetensors:lm_head.weight.
    rounding
        nearest, stochastic, zero or down; as the format rounds by itself if absent.
    seed
        Of what is drawn: the tensor, and stochastic rounding.
    json
        Print records instead of text.
    html
        Write a page with charts that opens with no network.
    """
    if seed < 0:
        raise InputError("--seed", str(seed), "a whole number, 0 or more")
    options: dict[str, Any] = {}
    if rounding is not None:
        options = {"rounding": checked_rounding(rounding, "--rounding"), "seed": seed}
    wanted = list(names) or list(_named(options))
    for name in wanted:
        codec(name, **options)  # refuse a name before work begins
    x = sample(tensor, "--tensor", seed)
    with progress("storing and reading") as advance:
        found = list(_surveyed(wanted, x, options, advance))
    about = _about(tensor, x, seed)
    if html is not None:
        write(html, formats_page(found, about, f"Stored and read again, rounding {rounding or 'as each format does'}."))
    if json:
        print_json([asdict(each) for each in found])
    else:
        _print(found, about)


def _named(options: dict[str, Any]) -> Iterator[str]:
    """All formats that take the options."""
    for name in codec_names():
        try:
            codec(name, **options)
        except InputError:
            continue
        yield name


def _surveyed(names: list[str], x: Floats, options: dict[str, Any], advance: Any) -> Iterator[Survey]:
    for done, name in enumerate(names):
        advance(done, len(names))
        yield survey(name, x, **options)


def _about(tensor: str, x: Floats, seed: int) -> str:
    size = " × ".join(map(str, x.shape)) or "1"
    drawn = f", drawn with seed {seed}" if tensor in DRAWN else ""
    return f"{tensor}: {size} elements{drawn}, deviation {x.std():.3g}, largest magnitude {abs(x).max():.3g}"


def _print(found: list[Survey], about: str) -> None:
    heading(about)
    heads = ("bits", "group", "numbers", "smallest", "largest", "step\n%", "error\n%", "SNR\ndB")
    table([("format", "left"), *((head, "right") for head in heads)], [_row(each) for each in found])
    line("\nbits: stored for an element here, scales and tables included. smallest, largest: before scaling. step: the "
         "widest gap between numbers over the largest. error: root of the mean square, over that of the tensor. "
         "-: depends on the tensor, or none.")  # fmt: skip


def _row(each: Survey) -> tuple[str, ...]:
    step = None if each.step is None else each.step * 100
    values = (each.smallest, each.largest, step, each.relative_error * 100)
    numbers = "-" if each.numbers is None else f"{each.numbers:,}" if each.numbers < 10**6 else f"{each.numbers:.2g}"
    noise = "-" if each.signal_to_noise_db is None else f"{each.signal_to_noise_db:.1f}"
    shown = ("-" if value is None else f"{value:.3g}" for value in values)
    return (each.name, f"{each.bits:.5g}", str(each.group or "-"), numbers, *shown, noise)
