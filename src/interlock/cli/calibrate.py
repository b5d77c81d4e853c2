"""`interlock calibrate`."""

from __future__ import annotations

import math
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from interlock.catalogue import user_folders
from interlock.cli.flags import Switch, Whole
from interlock.cli.measure import write_in_folder
from interlock.cli.show import heading, line, pairs, print_json, progress, table
from interlock.cost.calibrated.own import own_path_of, own_text
from interlock.cost.calibrated.places import FOLDER as CALIBRATIONS
from interlock.cost.fitting.everything import Refit, refit_all
from interlock.cost.fitting.own_calibration import OwnReport, SetReport, calibrate_own
from interlock.cost.fitting.own_rows import own_rows
from interlock.cost.fitting.tables import gemm_tables, installed_tables
from interlock.errors import InputError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip
from interlock.hardware import chip as find
from interlock.measure import paths
from interlock.measure.run import CHIP

_TABLES: Final = "aiconfigurator"
_TABLE_COPIES: Final = 5.0  # of the weights, that AIConfigurator's benchmark cycles
_HOT: Final = 1.0  # the same weights in every call, as a plain benchmark has it


def calibrate(
    *,
    from_: Annotated[str, Parameter(name="--from")],
    chip: str | None = None,
    tables: Path | None = None,
    copies: float | None = None,
    out: Path | None = None,
    seed: Whole = 0,
    full: Switch = False,
    dry_run: Switch = False,
    json: Switch = False,
) -> None:
    """Fit the times of matrix products to kernels that were measured on a chip, and use them from then on.

    Parameters
    ----------
    from_
        A CSV file of measured kernels, this-machine, or aiconfigurator.
    chip
        The chip that was measured: a name or a TOML file of your own; this-machine needs none.
    tables
        The folder of AIConfigurator's tables (systems/data), where the distribution is not installed.
    copies
        Copies of the weights that the benchmark cycled; if absent 1 for a file: every call read the same ones.
    out
        The folder for the calibration; if absent the first of INTERLOCK_PATH, or ./interlock.
    seed
        Of folds and samples.
    full
        Fit every family of kernels to all chips of AIConfigurator's tables, as what is shipped was; needs PyTorch.
    dry_run
        Show what the calibration would be worth, and store nothing.
    json
        Print a record instead of text.
    """
    if seed < 0:
        raise InputError("--seed", str(seed), "0 or more")
    if copies is not None and not copies >= 1.0:
        raise InputError("--copies", f"{copies:g}", "1 or more")
    if full:
        _full(from_, tables, out, seed, dry_run, json)
        return
    one, parts, cycled = _measured(from_, chip, tables)
    with progress(f"fitting {one.id}") as advance:
        found = calibrate_own(one, parts, copies=copies or cycled, seed=seed, progress=advance)
    place = None if dry_run or not found.calibration.sets else own_path_of(out or user_folders()[0], one.id)
    if place is not None:
        write_in_folder(place, own_text(found.calibration))
    if json:
        print_json(_record(found, place))
    else:
        _print(found, place)


def _measured(source: str, name: str | None, tables: Path | None) -> tuple[Chip, list[Measurements], float]:
    """The chip, its rows, and how many copies of the weights their benchmark cycled."""
    if source == CHIP:
        places = [paths(folder)["products"] for folder in user_folders()]
        rows = next((place for place in places if place.is_file()), None)
        if rows is None:
            raise InputError("--from", f"no measurement of {CHIP}", "a machine that `interlock measure` has measured")
        one = find(name or CHIP, "--chip")
        return one, [own_rows(rows, one)], math.inf
    if name is None:
        raise InputError("--chip", "nothing", "the chip that was measured (`interlock chips` lists them)")
    one = find(name, "--chip")
    if source != _TABLES:
        return one, [own_rows(Path(source).expanduser(), one)], _HOT
    folder = tables or installed_tables()
    every = [part for part in gemm_tables(folder) if str(part["chip"][0]) == one.id]
    if not every:
        raise InputError(str(folder), f"no rows of {one.id}", "a chip that the tables hold")
    return one, every, _TABLE_COPIES


def _full(source: str, tables: Path | None, out: Path | None, seed: int, dry_run: bool, json: bool) -> None:
    if source != _TABLES:
        raise InputError("--full", f"--from {source}", f"--from {_TABLES}: all chips are in its tables")
    folder = tables or installed_tables()
    if not folder.is_dir():
        raise InputError("--tables", str(folder), "the folder systems/data of the database")
    began = time.monotonic()
    with ExitStack() as scratch:
        place = (out or user_folders()[0]) / CALIBRATIONS
        if dry_run:
            place = Path(scratch.enter_context(tempfile.TemporaryDirectory()))
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("--out", f"{place}: {error.strerror}", "a folder that can be written") from None
        with progress("fitting every family") as advance:
            found = refit_all(folder, place, seed, progress=advance)
    if json:
        print_json({"folder": None if dry_run else str(place), "families": [_refit_record(one) for one in found]})
        return
    heading("Every family of kernels, on the rows that no fit saw")
    heads = ("rows\nfitted", "rows\nheld out", "shipped\n%", "now\n%", "inside\n%")
    rows = [
        (one.name, f"{one.seen:,}", f"{one.held_out:,}", f"{one.before:.1f}", f"{one.after:.1f}", f"{one.inside:.0f}")
        for one in found
    ]
    table([("family", "left"), *((head, "right") for head in heads)], rows)
    told = "Nothing is stored." if dry_run else f"Stored in {place}: calibrated times stand on it from now on."
    line(f"\n{told} Seed {seed}; {time.monotonic() - began:.0f} s.")


def _refit_record(one: Refit) -> dict[str, Any]:
    return {
        "family": one.name,
        "fitted_rows": one.seen,
        "held_out_rows": one.held_out,
        "shipped_mape": one.before,
        "held_out_mape": one.after,
        "inside": one.inside,
    }


def _print(found: OwnReport, place: Path | None) -> None:
    rows = sum(one.rows for one in found.sets)
    heading(f"{found.calibration.chip}: {rows:,} measured products from {found.calibration.fit['source']}")
    heads = ("rows", "before\n%", "formula\n%", "after\n%", "bias\n%", "band\n%", "inside\n%")
    table([("engine, scheme", "left"), *((head, "right") for head in heads)], map(_row, found.sets))
    line(
        "\nMean absolute errors of rows that the fit did not see: before with what is shipped (* with the parameters "
        "that the fit starts from), with the fitted formula alone, and after with what shapes nearby showed. "
        "Nine rows of ten are measured within the band around the prediction; inside: how many of the rows that did "
        "not set it."
    )
    wild = [(f"{one.stack}, {one.scheme}", f"{one.implausible} rows") for one in found.sets if one.implausible]
    if wild:
        heading("Measured faster than rated peaks and bandwidths allow")
        pairs(wild)
    for one in found.sets:
        heading(f"Parameters of {one.stack}, {one.scheme}")
        columns = [("parameter", "left"), ("before", "right"), ("after", "right")]
        table(columns, [(name, f"{a:.3g}", f"{b:.3g}") for name, (a, b) in one.parameters.items()], indent=2)
    if found.left_out:
        line(f"\nToo few to fit: {'; '.join(found.left_out)}.")
    worse = [f"{one.stack}, {one.scheme}" for one in found.sets if not one.better]
    if worse:
        line(f"\nLeft to what is shipped, which is as good: {'; '.join(worse)}.")
    if place is None:
        line("\nNothing is stored.")
    else:
        line(f"\nStored in {place}: calibrated times of {found.calibration.chip} stand on it.")


def _row(one: SetReport) -> tuple[str, ...]:
    low, high = (100.0 * math.expm1(end) for end in one.fitted.band)
    before = f"{one.start:.1f}*" if one.before is None else f"{one.before:.1f}"
    return (
        f"{one.stack}, {one.scheme}",
        f"{one.rows:,}",
        before,
        f"{one.formula:.1f}",
        f"{one.after:.1f}",
        f"{one.bias:+.1f}",
        f"{low:+.0f} to {high:+.0f}",
        f"{one.coverage:.0f}",
    )


def _record(found: OwnReport, place: Path | None) -> dict[str, Any]:
    return {
        "chip": found.calibration.chip,
        "fit": dict(found.calibration.fit),
        "sets": [_set_record(one) for one in found.sets],
        "left_out": list(found.left_out),
        "file": None if place is None else str(place),
    }


def _set_record(one: SetReport) -> dict[str, Any]:
    return {
        "stack": one.stack,
        "scheme": one.scheme,
        "rows": one.rows,
        "mape_before": one.before,
        "mape_of_start": one.start,
        "held_out_mape_of_formula": one.formula,
        "held_out_mape": one.after,
        "held_out_median": one.median,
        "held_out_bias": one.bias,
        "inside_before": one.coverage_before,
        "inside": one.coverage,
        "band": [math.exp(end) for end in one.fitted.band],
        "better": one.better,
        "implausible_rows": one.implausible,
        "parameters": {name: {"before": before, "after": after} for name, (before, after) in one.parameters.items()},
    }
