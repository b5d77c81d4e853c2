"""How long it takes to fit everything that is fitted, and to validate: on the sets you have, and on the full tables.

    INTERLOCK_DATA=/your/sets python benchmarks/refit_speed.py
    python benchmarks/refit_speed.py --data sets --tables aiconfigurator_core/systems/data

Nothing is stored. The sets give the times of stacks, of training and the bands of requests; the tables, where they are
installed or named, give every family of kernels. Fails when the two together take more than two minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from interlock.cost.fitting.everything import refit_all
from interlock.cost.fitting.tables import installed_tables
from interlock.errors import InputError
from interlock.evidence.store import data_folder
from interlock.validation import run_bands, validate
from interlock.validation.requests import refit as stacks
from interlock.validation.training import fit as training

LIMIT_S = 120.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of sets, instead of INTERLOCK_DATA")
    parser.add_argument("--tables", type=Path, help="the folder systems/data of AIConfigurator's tables")
    options = parser.parse_args()
    data = data_folder(options.data)
    try:
        tables = options.tables or installed_tables()
    except InputError as error:
        tables = None
        print(f"without the tables: {error}")
    with tempfile.TemporaryDirectory() as place:
        to = Path(place)
        jobs: dict[str, Callable[[], object]] = {
            "stacks that serve": lambda: stacks.refit(data, to / "stacks.toml"),
            "training": lambda: training.refit(data, to / "training.toml"),
            "bands of requests": lambda: run_bands.refit(data, to / "bands.toml"),
            "validation": lambda: validate(data),
        }
        if tables is not None:
            jobs = {"every family of kernels": lambda: refit_all(tables, to), **jobs}
        total = 0.0
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            took = time.perf_counter() - began
            total += took
            print(f"{name:26}{took:8.1f} s", flush=True)
    print(f"{'together':26}{total:8.1f} s, at most {LIMIT_S:.0f} s")
    return 1 if total > LIMIT_S else 0


if __name__ == "__main__":
    sys.exit(main())
