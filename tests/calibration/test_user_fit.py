"""A fit of the user's own stands before what is shipped, in every family, and goes when its file goes."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import interlock
from interlock.catalogue import DATA
from interlock.cost.calibrated import gemm, gemm_seconds
from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.collective_store import collectives
from interlock.cost.calibrated.left_out import left_out
from interlock.cost.calibrated.own import own_path_of, own_text
from interlock.cost.calibrated.places import FOLDER
from interlock.cost.calibrated.power import power
from interlock.cost.fitting.own_calibration import calibrate_own
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.inference.estimate import estimate_request
from interlock.inference.request import Request
from interlock.models import scheme
from interlock.parallel import Parallelism

READ: dict[str, Callable[[], Any]] = {
    "gemm-wide": lambda: coefficients("gemm", "wide"),
    "scan": lambda: coefficients("scan"),
    "gemm-left-out": left_out,
    "collective": collectives,
    "power": power,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERLOCK_PATH", str(tmp_path))
    (tmp_path / FOLDER).mkdir()
    return tmp_path


@pytest.mark.parametrize("name", READ)
def test_a_file_in_the_users_folder_answers_while_it_is_there(name, folder):
    shipped = READ[name]().fit
    path = folder / FOLDER / f"{name}.json"
    shutil.copy(DATA / FOLDER / path.name, path)
    data = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(data | {"fit": data["fit"] | {"source": "mine"}}), "utf-8")
    assert READ[name]().fit == shipped | {"source": "mine"}
    path.unlink()
    assert READ[name]().fit == shipped


def measured(chip: str, stack: str, form: str, count: int, seed: int, rate: float) -> Measurements:
    """Products that run at a steady share of a rate, and 3 % of noise."""
    random = np.random.default_rng(seed)
    m, n, k = (np.round(np.exp(random.uniform(*np.log(e), count))) for e in ((1, 512), (256, 4096), (256, 4096)))
    seconds = (5e-6 + 2.0 * m * n * k / rate) * np.exp(random.normal(0, 0.03, count))
    return Measurements(
        family="gemm",
        set_name="mine",
        licence="mine",
        source=Source(kind=Evidence.MEASURED_HERE, ref="mine.csv"),
        columns=spread(chip=chip, stack=stack, weight_format=form, activation_format=form, m=m, n=n, k=k,
                       seconds=seconds),
    )  # fmt: skip


def test_rows_that_an_own_calibration_saw_are_not_predicted(folder):
    seen = measured("h100-sxm", "mine", "bf16", 60, 0, 3e14)
    other = measured("h100-sxm", "mine", "bf16", 40, 1, 3e14)
    found = calibrate_own(interlock.chip("h100-sxm"), [seen], copies=1.0).calibration
    own_path_of(folder, "h100-sxm").write_text(own_text(found), "utf-8")
    assert np.isnan(gemm.predict(seen)).all()
    assert np.isfinite(gemm.predict(seen, fitted_rows=True)).all()
    assert np.isfinite(gemm.predict(other)).all()
    own_path_of(folder, "h100-sxm").unlink()
    assert np.isfinite(gemm.predict(seen)).all()


def test_a_processor_takes_the_times_that_were_measured_on_it(folder):
    chip = interlock.chip("xeon-8480-plus")
    form = scheme("fp32", "fp32", "fp32")
    request = Request(model=interlock.model("gpt2"), chip=chip, scheme=form, parallelism=Parallelism(), batch=1,
                      prompt=64.0, output=16.0)  # fmt: skip
    before = estimate_request(request)
    assert before.bases["gemm"] == "first principles"
    rows = measured(chip.id, "blas 1.0", "fp32", 80, 0, 3e12)
    report = calibrate_own(chip, [rows], copies=np.inf)
    own_path_of(folder, chip.id).write_text(own_text(report.calibration), "utf-8")
    after = estimate_request(request)
    assert after.bases["gemm"] == "calibrated"
    assert after.ttft_s != before.ttft_s
    assert gemm_seconds(chip, None, "fp32", "fp32", 64, 768, 3072).basis == "calibrated"
    assert {one.after < one.start for one in report.sets} == {True}
