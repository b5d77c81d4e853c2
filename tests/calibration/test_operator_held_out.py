"""Errors of attention, experts and scans on measured rows that the fit never saw, where these are at hand."""

from pathlib import Path

import numpy as np
import pytest

from interlock.cost.calibrated import attention, experts, latent_attention, scan
from interlock.cost.calibrated.measured_operators import operator_band
from interlock.evidence.sets.aiconfigurator import attention as attention_set
from interlock.evidence.sets.aiconfigurator import experts as experts_set
from interlock.evidence.sets.aiconfigurator import latent_attention as latent_set
from interlock.evidence.sets.aiconfigurator import scan as scan_set

pytestmark = pytest.mark.slow  # reading the tables

TRUTH = Path(__file__).resolve().parents[2].parent / "shared" / "truth" / "aiconfigurator"
READERS = {
    "attention": (attention_set, attention), "latent-attention": (latent_set, latent_attention),
    "experts": (experts_set, experts), "scan": (scan_set, scan),
}  # fmt: skip
LIMITS = {  # mean absolute error in percent over all rows of all chips and engines
    ("attention", "decode"): 8.0, ("attention", "prefill"): 7.0, ("latent-attention", "decode"): 8.0,
    ("latent-attention", "prefill"): 7.0, ("experts", ""): 11.0, ("scan", "gated-delta"): 6.0,
    ("scan", "kimi-delta"): 15.0, ("scan", "mamba2"): 15.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def scored():
    """By part of a family: rows, prediction over measurement, whether in the band, share of rows that were fitted."""
    if not TRUTH.is_dir():
        pytest.skip("the measurements are not here")
    found = {}
    for family, (reader, module) in READERS.items():
        for rows in reader.read(TRUTH):
            if rows.family == "scan":
                kind = str(rows["layer"][0])
            else:
                kind = str(rows["phase"][0]) if "phase" in rows.columns else ""
            module_rows = "scope" in rows.columns and rows["scope"][0] == "module"
            if (family, kind) in LIMITS and not module_rows:
                seconds = module.predict(rows)
                low, high = operator_band(rows, seconds)
                seen = np.isnan(seconds)
                inside = (rows.measured >= low) & (rows.measured <= high)
                found[family, kind] = rows.where(~seen), (seconds / rows.measured)[~seen], inside[~seen], seen.mean()
    return found


@pytest.mark.parametrize("part", LIMITS, ids=lambda part: "-".join(filter(None, part)))
def test_the_error_of_a_part_of_a_family(scored, part):
    _, ratio, _, seen = scored[part]
    assert 0.05 < seen < 0.16  # the tenth that was fitted, and nothing else
    assert 100 * np.mean(np.abs(ratio - 1)) < LIMITS[part]


@pytest.mark.parametrize("phase", ["decode", "prefill"])
def test_the_error_of_attention_on_h100(scored, phase):
    rows, ratio, *_ = scored["attention", phase]
    assert 100 * np.mean(np.abs(ratio[rows["chip"] == "h100-sxm"] - 1)) < 10


@pytest.mark.parametrize("family", READERS)
def test_nine_rows_of_ten_are_inside_their_band(scored, family):
    inside = np.concatenate([one[2] for part, one in scored.items() if part[0] == family])
    assert 0.85 < inside.mean() < 0.95
