"""The full tables of AIConfigurator's database, from the Parquet files of an installed or unpacked distribution.

needs: pip install 'interlock[calibrate]' aiconfigurator-core; the data are Apache-2.0 and stay where they are.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.errors import InputError, MissingExtraError
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.sets.aiconfigurator.tables import CHIPS, LICENCE
from interlock.evidence.source import Evidence, Source

VERSION: Final = "0.12.0"
_FILE: Final = "gemm_perf.parquet"
_FORMATS: Final = {
    "bfloat16": ("bf16", "bf16"),
    "fp8": ("fp8-e4m3", "fp8-e4m3"),
    "fp8_block": ("fp8-e4m3", "fp8-e4m3"),
    "nvfp4": ("nvfp4", "nvfp4"),
    "int8_wo": ("int8", "bf16"),
    "int4_wo": ("int4-g128", "bf16"),
    "sq": ("int8", "int8"),
}  # weights and activations by the table's name of the scheme


def installed_tables() -> Path:
    """The folder of the tables in the installed distribution.

    Raises:
        InputError: it is not installed.
    """
    found = importlib.util.find_spec("aiconfigurator_core")
    if found is None or found.origin is None:
        raise InputError("aiconfigurator-core", "not installed", f"pip install aiconfigurator-core=={VERSION}")
    return Path(found.origin).parent / "systems" / "data"


def gemm_tables(folder: Path) -> Iterator[Measurements]:
    """One table a chip, engine and scheme, of all chips that the catalogue knows; `folder` holds a folder a system.

    Raises:
        InputError: no tables there.
        MissingExtraError: nothing to read Parquet with.
    """
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtraError("reading Parquet tables", "calibrate") from None
    paths = sorted(folder.rglob(_FILE))
    if not paths:
        raise InputError(str(folder), f"no {_FILE}", "the folder systems/data of the database")
    for path in paths:
        system = path.relative_to(folder).parts[0]
        if system in CHIPS:
            names = ["gemm_dtype", "m", "n", "k", "latency"]
            table = parquet.read_table(path, columns=names, partitioning=None).to_pydict()
            columns = {name: np.asarray(table[name]) for name in names}
            yield from _by_scheme(CHIPS[system], f"{path.parts[-3].lower()} {path.parts[-2]}", columns)


def _by_scheme(chip: str, stack: str, columns: dict[str, Any]) -> Iterator[Measurements]:
    for scheme in np.unique(columns["gemm_dtype"]):
        name = str(scheme)
        if name not in _FORMATS:
            continue
        mask = columns["gemm_dtype"] == scheme
        sizes = {size: columns[size][mask].astype(float) for size in ("m", "n", "k")}
        yield Measurements(
            family="gemm",
            set_name="aiconfigurator",
            licence=LICENCE,
            source=Source(kind=Evidence.MEASURED, ref=f"aiconfigurator-core {VERSION}, systems/data"),
            columns=spread(
                chip=chip,
                stack=stack,
                weight_format=_FORMATS[name][0],
                activation_format=_FORMATS[name][1],
                kernel=name,
                seconds=columns["latency"][mask].astype(float) * 1e-3,
                **sizes,
            ),
        )
