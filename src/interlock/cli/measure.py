"""`interlock measure`."""

from __future__ import annotations

import json as json_format
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from interlock import api
from interlock.catalogue import user_folders
from interlock.cli.flags import Switch, Whole
from interlock.cli.show import heading, line, pairs, print_json, progress, table
from interlock.cli.words import seconds
from interlock.errors import InputError, MissingExtraError
from interlock.measure import Comparison, Measured, chip_toml, compared, machine_chip, paths, rows_csv
from interlock.measure import measure as measured_here
from interlock.measure.decoding import MODEL, OUTPUT, PROMPT
from interlock.measure.engine import has_torch
from interlock.measure.run import CHIP, Library, answers
from interlock.measure.store import summary
from interlock.report.write import write
from interlock.units import show

_CALM: Final = 1.25  # median over least of a machine that does little else
_FRACTION: Final = 0.25  # of the budget goes to the model, where one is decoded


def measure(
    *,
    threads: Whole | None = None,
    budget: float = 20.0,
    out: Path | None = None,
    with_: Annotated[Library | None, Parameter(name="--with")] = None,
    end_to_end: Switch = False,
    seed: Whole = 0,
    rows: Switch = False,
    json: Switch = False,
) -> None:
    """Measure this machine, make a chip of it, and show predictions beside measurements.

    Parameters
    ----------
    threads
        Cores to use; all that there are if absent.
    budget
        Seconds to measure for, about.
    out
        The folder for rows and chip; if absent the first of INTERLOCK_PATH, or ./interlock.
    with_
        The library that computes: numpy or torch; PyTorch if absent and installed.
    end_to_end
        Decode a small model with random weights, too; needs PyTorch and transformers.
    seed
        Of the sizes that are drawn, and of the half that makes the chip.
    rows
        List the rows that judge, too.
    json
        Print a record instead of text.
    """
    if seed < 0:
        raise InputError("--seed", str(seed), "0 or more")
    if end_to_end and with_ == "numpy":
        raise InputError("--end-to-end", "--with numpy", "--with torch: the model runs in PyTorch")
    if end_to_end and not has_torch():
        raise MissingExtraError("decoding a model end to end", "lab")
    with progress("measuring this machine") as advance:
        found = measured_here(library=with_, threads=threads, seconds=budget, seed=seed, progress=advance)
    made = machine_chip(found, seed)
    comparison = compared(found, made)
    places = paths(out or user_folders()[0])
    texts = {"products": rows_csv(found.products), "passes": rows_csv(found.passes)}
    for name, text in {**texts, "chip": chip_toml(made.chip, found)}.items():
        write_in_folder(places[name], text)
    decoded = _decoded(found, places["chip"], budget, seed) if end_to_end else None
    if json:
        print_json(_record(found, comparison, places, decoded))
        return
    _print(found, comparison)
    if rows:
        _rows(comparison)
    if decoded is not None:
        _model(decoded)
    heading("The chip")
    pairs([*summary(made.chip), *((name, str(place)) for name, place in places.items())])
    line(f"\n`interlock chips {CHIP}` shows it; `--chip {CHIP}` estimates on it.")


def write_in_folder(path: Path, text: str) -> None:
    """Write a file of a user's folder, which may not be there yet.

    Raises:
        InputError: the path cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error), "a path that can be written") from None
    write(path, text)


def _print(found: Measured, comparison: Comparison) -> None:
    here = found.machine
    heading(f"{here.name}: {found.about['threads']} of {here.cores} cores, {found.about['library']}")
    caches = ", ".join(f"L{level} {show(size, 'B')}" for level, size in here.caches_bytes.items())
    known = [
        ("multiplies", str(found.about["blas"])),
        ("caches", caches or "unknown"),
        ("memory", show(here.memory_bytes, "B")),
        ("measured", f"{len(found.products)} products, {len(found.passes)} passes; the least of several timings each"),
    ]
    if comparison.noise > _CALM:
        told = f"timings vary by {comparison.noise:.2g} times: other work disturbs; fewer --threads are steadier"
        known.append(("busy", told))
    pairs(known)
    heading("First principles on the chip made of one half, judged by the other")
    names = ("rows", "MAPE\n%", "median\n%", "bias\n%", "within\n20 %")
    shown = [
        (e.kind, e.rows, f"{100 * e.mean:.1f}", f"{100 * e.median:.1f}", f"{100 * e.bias:+.1f}", f"{100 * e.close:.0f}")
        for e in comparison.errors()
    ]
    table([("kind", "left"), *((name, "right") for name in names)], shown)


def _rows(comparison: Comparison) -> None:
    heading("Rows that judge")
    judging = sorted((each for each in comparison.lines if each.judged), key=lambda each: (each.kind, each.measured_s))
    columns = [("kind", "left"), ("format", "left"), *((n, "right") for n in ("size", "measured", "predicted", ""))]
    shown = [
        (each.kind, each.format, each.size, seconds(each.measured_s), seconds(each.predicted_s), _signed(each.error))
        for each in judging
    ]
    table(columns, shown)


def _model(decoded: dict[str, Any]) -> None:
    heading("A model of 12 layers, width 512, random weights, fp32")
    shown = [
        (
            name,
            seconds(decoded[f"{key}_s"]),
            seconds(decoded[f"predicted_{key}_s"]),
            _signed(decoded[f"predicted_{key}_s"] / decoded[f"{key}_s"] - 1.0),
        )
        for key, name in (("prefill", f"first token, {PROMPT} in"), ("decode", "each token"))
    ]
    table([("", "left"), *((name, "right") for name in ("measured", "predicted", "error"))], shown)


def _signed(ratio: float) -> str:
    return f"{100 * ratio:+.0f} %"


def _decoded(found: Measured, chip: Path, budget: float, seed: int) -> dict[str, Any]:
    """Measured and predicted seconds of a small model."""
    request = {
        "engine": "torch",
        "threads": found.about["threads"],
        "seconds": budget * _FRACTION,
        "seed": seed,
        "buffer_bytes": 1 << 20,
        "model": MODEL,
    }
    result = list(answers(request))[-1]
    formats: dict[str, Any] = dict.fromkeys(
        ("weight_format", "activation_format", "kv_cache_dtype", "head_format"), "fp32"
    )
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json_format.dumps(MODEL), encoding="utf-8")
        estimate = api.estimate(str(config), str(chip), prompt=PROMPT, output=OUTPUT, **formats)
    return {**result, "predicted_prefill_s": float(estimate.ttft_s), "predicted_decode_s": float(estimate.tpot_s)}


def _record(found: Measured, comparison: Comparison, places: dict[str, Path], decoded: Any) -> dict[str, Any]:
    return {
        "machine": asdict(found.machine),
        "measured_with": dict(found.about),
        "seed": found.seed,
        "noise": comparison.noise,
        "errors": [asdict(each) for each in comparison.errors()],
        "errors_of_the_half_that_made_the_chip": [asdict(each) for each in comparison.errors(judged=False)],
        "rows": [{**asdict(each), "error": each.error} for each in comparison.lines],
        "end_to_end": decoded,
        "files": {name: str(place) for name, place in places.items()},
    }
