"""Fitting: one formula in NumPy and torch, rows seen and unseen, and a small fit of made-up measurements."""

import numpy as np
import pytest

from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.facts import facts
from interlock.cost.calibrated.features import COUNT, product_features
from interlock.cost.calibrated.gemm import bytes_of, formula
from interlock.cost.calibrated.network import CLIP, correction
from interlock.cost.calibrated.product_terms import STARTS, Terms, product_terms, product_units
from interlock.cost.calibrated.schemes import GROUPS, SCHEMES
from interlock.cost.calibrated.split import BAND, HELD_OUT, TRAIN, part_of
from interlock.cost.fitting.gemm import fit_gemm
from interlock.cost.fitting.tables import gemm_tables
from interlock.errors import InputError, MissingExtraError
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.hardware import chip

KNOWN = {**STARTS, "launch": 1.3, "bandwidth": 0.7, "cache": 0.9, "block_128x256": 0.65, "block_128x128": 0.7}


@pytest.mark.parametrize("group", GROUPS)
def test_numpy_prices_as_torch_does(shapes, group):
    torch = pytest.importorskip("torch")
    found = coefficients("gemm", group)
    for key in list(found.sets)[::9]:
        one, scheme = found.sets[key], SCHEMES[key[2]]
        here, each = found.facts[key[0], key[2]], bytes_of(scheme)
        terms = product_terms(*shapes, each, here, 5.0)
        tensors = Terms.of_columns(torch.as_tensor(np.broadcast_to(c, (4000,)).copy()) for c in terms.columns())
        units = product_units(tensors, {name: torch.tensor(value) for name, value in one.parameters.items()}, torch)
        np.testing.assert_allclose(product_units(terms, one.parameters), units.numpy(), rtol=1e-4)
        x = product_features(*shapes, each, here)
        assert x.shape == (4000, COUNT)
        np.testing.assert_allclose(correction(x, found.network, one.own), in_torch(torch, x, found, one), atol=1e-4)


def in_torch(torch, x, found, one):
    """The network as it is trained: the embedding beside the features, the gain on the hidden layer."""
    t, n = torch.as_tensor, found.network
    x = ((t(x) - t(n.mean)) / t(n.deviation)).clip(-CLIP, CLIP)
    x = torch.cat([x, t(one.own.embedding).expand(len(x), -1)], 1)
    h = torch.nn.functional.silu(x @ t(n.first) + t(n.first_bias))
    h = torch.nn.functional.silu((h * (1 + t(one.own.gain))) @ t(n.second) + t(n.second_bias))
    out = h @ t(n.last) + n.last_bias + h @ t(one.own.last)
    return (n.bound * torch.tanh(out / n.bound)).numpy()


def test_a_row_is_seen_or_not_by_what_it_is(shapes):
    whole = part_of("h100|vllm|bf16", shapes, 0)
    shares = [np.mean(whole == part) for part in (TRAIN, BAND, HELD_OUT)]
    np.testing.assert_allclose(shares, [0.08, 0.02, 0.90], atol=0.02)
    np.testing.assert_array_equal(part_of("h100|vllm|bf16", tuple(c[7:9] for c in shapes), 0), whole[7:9])
    assert np.mean(part_of("h100|vllm|bf16", shapes, 1) == whole) < 0.9
    assert np.mean(part_of("h200|vllm|bf16", shapes, 0) == whole) < 0.9


def made_up(rows: int) -> Measurements:
    """Products on one chip whose times follow the formula with known parameters, and 2 % of noise."""
    random = np.random.default_rng(3)
    ends = ((1, 8192), (128, 16384), (128, 16384))
    m, n, k = (np.exp(random.uniform(*np.log(pair), rows)).round().astype(np.float32) for pair in ends)
    exact = formula(KNOWN, m, n, k, bytes_of(SCHEMES["bf16"]), facts(chip("h100-sxm"), "bf16"), np.inf)
    return Measurements(
        family="gemm",
        set_name="made up",
        licence="none",
        source=Source(kind=Evidence.ASSUMED, ref="the formula"),
        columns=spread(chip="h100-sxm", stack="vllm 1.0", weight_format="bf16", activation_format="bf16", m=m, n=n, k=k,
                       seconds=exact * np.exp(0.02 * random.standard_normal(rows))),
    )  # fmt: skip


def test_a_short_fit_recovers_known_parameters():
    pytest.importorskip("torch")
    found = fit_gemm([made_up(20_000)], seed=0, steps=200)
    (score,) = (one.held_out for one in found.sets.values())
    assert score["rows"] > 17_000
    assert score["mape"] < 10
    assert 85 < score["inside"] < 95
    assert (found.fit["set"], found.seed) == ("made up", 0)


def test_a_folder_without_tables_is_refused(tmp_path):
    with pytest.raises((InputError, MissingExtraError)):
        list(gemm_tables(tmp_path))
