"""The cost model's parameters: sourced, ordered as physics orders them, and money by hand."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.catalogue import DATA
from interlock.cost.money import chip_price
from interlock.cost.parameters import achieved, mac_energy, memory_energy
from interlock.evidence import Evidence
from interlock.hardware import all_chips, chip
from interlock.hardware.chip import covering, numbers
from interlock.operators import COMPUTE_FORMATS

FILES = sorted((DATA / "cost").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_has_a_source_of_a_known_kind_and_no_source_is_left_over(path):
    data = tomllib.loads(path.read_text())
    sources = data.pop("sources")
    leaves = numbers(data) or list(data)  # a file of pairs, the ends of bands, has no single numbers
    assert leaves
    assert [leaf for leaf in leaves if covering(sources, leaf) is None] == []
    assert [key for key in sources if not any(leaf == key or leaf.startswith(f"{key}.") for leaf in leaves)] == []
    for source in sources.values():
        assert Evidence(source["kind"])
        assert len(source["ref"]) > 5


@pytest.mark.parametrize("item", all_chips(), ids=lambda item: item.id)
def test_every_chip_has_shares_within_bounds_and_says_where_they_come_from(item):
    found = achieved(item)
    for share in ("matrix", "attention", "vector", "bandwidth", "cache", "link", "usable_memory"):
        assert 0 < getattr(found, share) <= 1
    for time in ("launch", "link_latency", "network_latency"):
        assert 0 <= getattr(found, time) < 1e-3
    assert len(found.sources) == 10


def test_a_chips_own_share_wins_over_its_category():
    h100 = chip("h100-sxm")
    assert achieved(h100).matrix == h100.achieved.matrix == 0.803
    assert achieved(h100).bandwidth == 0.85  # the category's
    assert achieved(h100).attention == 0.55  # the default


@given(st.sampled_from(COMPUTE_FORMATS), st.floats(2e-9, 90e-9), st.floats(1.0, 10.0))
def test_a_coarser_process_never_needs_less_energy(compute: str, process: float, factor: float):
    assert mac_energy(compute, process * factor) >= mac_energy(compute, process) * (1 - 1e-12)


@pytest.mark.parametrize(
    ("compute", "process", "picojoules"),
    [
        ("bf16", 7e-9, 0.59),
        ("bf16", 45e-9, 1.7),
        ("fp16", 45e-9, 2.0),
        ("int8", 45e-9, 0.3),
        ("fp32", 7e-9, 1.69),
        ("bf16", 5e-9, 0.59 * 0.8),
        ("bf16", 4e-9, 0.59 * 0.8),
        ("bf16", 3e-9, 0.59 * 0.6),
        ("bf16", (7 * 45) ** 0.5 * 1e-9, (0.59 * 1.7) ** 0.5),  # the geometric middle
    ],
)
def test_energy_of_a_multiply_add_is_the_published_one_and_instructions(
    compute: str, process: float, picojoules: float
):
    assert mac_energy(compute, process) == pytest.approx(1.22 * picojoules * 1e-12, rel=1e-9)


def test_narrower_formats_need_less_energy():
    order = ["fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp6", "fp4"]
    energies = [mac_energy(name, 5e-9) for name in order]
    assert energies == sorted(energies, reverse=True)
    integers = [mac_energy(name, 5e-9) for name in ("int8", "int4", "int2")]
    assert integers == sorted(integers, reverse=True)


@pytest.mark.parametrize(
    ("technology", "picojoules"),
    [("HBM3", 4.5), ("HBM3e, 8 stacks", 4.2), ("HBM2e", 5.0), ("HBM2", 5.5), ("LPDDR5X", 7), ("GDDR6X", 7.3),
     ("DDR5", 15)],
)  # fmt: skip
def test_a_memorys_energy_is_found_by_its_longest_name(technology: str, picojoules: float):
    assert memory_energy(technology) == pytest.approx(picojoules * 1e-12)


def test_an_unknown_memory_has_no_energy_rather_than_none():
    assert memory_energy("core memory") is None


def test_a_purchase_is_spread_over_its_life_with_its_server_and_its_electricity():
    found = chip_price(chip("h100-sxm"), prefer="purchase")
    assert found is not None
    assert found.basis == "purchase"
    capital = 30678 * 1.5 / (4 * 365.25 * 24 * 3600)
    electricity = 700 * 1.3 * 0.10 / 3.6e6
    assert found.usd_per_s == pytest.approx(capital + electricity, rel=1e-12)
    assert found.usd_per_s * 3600 == pytest.approx(1.40, abs=0.01)


def test_an_hourly_rate_is_taken_first_and_the_users_own_before_all():
    hourly = chip_price(chip("h100-sxm"))
    own = chip_price(chip("h100-sxm"), {"h100-sxm": 2.5}, "purchase")
    assert hourly is not None
    assert own is not None
    assert (hourly.basis, hourly.usd_per_s) == ("hourly", pytest.approx(3.99 / 3600))
    assert (own.basis, own.usd_per_s) == ("yours", pytest.approx(2.5 / 3600))
    assert "2.5 USD/h" in own.source.ref


@pytest.mark.parametrize("item", all_chips(), ids=lambda item: item.id)
def test_a_price_is_positive_has_its_basis_or_is_unknown(item):
    for prefer in ("hourly", "purchase"):
        found = chip_price(item, prefer=prefer)
        if item.price.hourly is None and item.price.purchase is None:
            assert found is None
            continue
        assert found is not None
        assert found.usd_per_s > 0
        assert getattr(item.price, found.basis) is not None
        if getattr(item.price, prefer) is not None:
            assert found.basis == prefer
