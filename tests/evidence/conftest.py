"""Where the measurement sets of other projects lie, if they are there."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "truth"
DATA = Path(os.environ.get("INTERLOCK_DATA") or BESIDE)


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip("no folder of measurement sets, here or in INTERLOCK_DATA")
    return DATA
