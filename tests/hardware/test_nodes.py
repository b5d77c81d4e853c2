"""Every node of the catalogue, and nodes that a user writes."""

import math
import re
import tomllib

import pytest

from interlock.catalogue import DATA
from interlock.errors import InputError, UnknownNameError
from interlock.hardware import chip
from interlock.hardware.chip import numbers
from interlock.hardware.node import all_nodes, names, node, nodes_of

FILES = {path.stem: path for path in (DATA / "nodes").glob("*.toml")}
IDS = sorted(FILES)


def write(folder, name, text):
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", IDS)
def test_loads_and_every_number_has_a_source(name):
    loaded = node(name)
    assert loaded.id == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    table = tomllib.loads(FILES[name].read_text(encoding="utf-8"))
    assert [leaf for leaf in numbers(table) if loaded.source_of(leaf) is None] == []
    assert set(loaded.sources) <= set(table)


@pytest.mark.parametrize("name", IDS)
def test_holds_a_chip_by_its_own_name(name):
    assert chip(node(name).chip).id == node(name).chip


@pytest.mark.parametrize("name", IDS)
def test_fits_the_chip(name):
    loaded, holds = node(name), chip(node(name).chip)
    link = holds.links.get("scale_up")
    if link is not None and link.domain is not None and loaded.kind in {"node", "rack"}:
        assert loaded.chips <= link.domain
    if loaded.torus is not None:
        assert math.prod(loaded.torus) == loaded.chips
        assert link is not None
        assert link.topology in {"torus-2d", "torus-3d"}
    if loaded.memory is not None:
        assert loaded.memory <= holds.main.capacity
    if loaded.power is not None and holds.tdp is not None and holds.category != "wafer":
        assert loaded.power >= holds.tdp * loaded.chips
    if loaded.price is not None and holds.price.purchase is not None:
        assert loaded.price >= holds.price.purchase * loaded.chips


@pytest.mark.parametrize("name", [name for name in IDS if node(name).kind == "device"])
def test_phones_and_laptops_say_what_is_installed(name):
    if chip(node(name).chip).category in {"phone", "laptop"}:
        assert node(name).memory is not None


def test_aliases_are_unique_and_lead_home():
    seen = set(IDS)
    for item in all_nodes():
        for alias in item.aliases:
            assert alias not in seen, alias
            seen.add(alias)
            assert node(alias).id == item.id


def test_the_reference_systems_are_there():
    assert {
        "dgx-a100", "dgx-h100", "dgx-h200", "dgx-b200", "gb200-nvl72", "mi300x-8x", "gaudi2-8x", "gaudi3-8x",
        "tpu-v4-slice-64", "tpu-v4-pod", "tpu-v5e-pod", "cs-2", "cs-3", "groqnode", "groqrack", "sn40l-8",
        "sn40l-16", "ipu-m2000", "maia100-4x", "trn1-32xlarge", "trn2-48xlarge", "voyager", "galaxy-s24-ultra",
        "iphone-15-pro", "vivo-x100-pro", "macbook-pro-m3-max", "surface-laptop-7", "desktop-rtx4090", "dgx-spark",
    } <= set(names())  # fmt: skip


def test_pods_of_the_tpu_v4_are_cubes_behind_optical_switches():
    cube, pod = node("tpu-v4-slice-64"), node("tpu-v4-pod")
    assert cube.torus == (4, 4, 4)
    assert pod.chips == 64 * cube.chips
    assert cube.optical_circuit_switch
    assert pod.optical_circuit_switch


def test_nodes_of_a_chip_come_smallest_first():
    assert [item.id for item in nodes_of("tpu-v4")] == ["tpu-v4-slice-64", "tpu-v4-pod"]
    assert nodes_of("h100") == nodes_of("h100-sxm")
    assert nodes_of("rapid") == []
    with pytest.raises(UnknownNameError):
        nodes_of("h101")


def test_a_users_node_may_name_a_chip_by_alias(tmp_path, monkeypatch):
    (tmp_path / "nodes").mkdir()
    text = 'name = "Two H100"\nkind = "node"\nchip = "h100"\nchips = 2\n'
    text += '[sources]\nchips = { kind = "assumed", ref = "mine" }\n'
    write(tmp_path / "nodes", "two-h100", text)
    monkeypatch.setenv("INTERLOCK_PATH", str(tmp_path))
    assert node("Two H100").chip == "h100-sxm"
    assert [item.id for item in nodes_of("h100-sxm")] == ["two-h100", "dgx-h100"]


POD = (DATA / "nodes" / "tpu-v4-pod.toml").read_text(encoding="utf-8")
PHONE = (DATA / "nodes" / "iphone-15-pro.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "found", "instead", "field"),
    [
        (POD, "torus = [16, 16, 16]", "torus = [16, 16, 8]", "torus"),
        (POD, "torus = [16, 16, 16]", "torus = [16, 0, 16]", "torus"),
        (POD, "chips = 4096", "chips = 0", "chips"),
        (POD, 'kind = "pod"', 'kind = "cluster"', "kind"),
        (POD, 'kind = "pod"', 'type = "pod"', "kind"),
        (POD, 'chip = "tpu-v4"', 'chip = "tpu-v44"', None),
        (PHONE, 'memory = "8 GiB"', 'memory = "8 GHz"', "memory"),
        (PHONE, 'memory = "8 GiB"', "memory = 8", "memory"),
        (PHONE, 'price = "999 USD"', 'price = "0 USD"', "price"),
        (PHONE, "memory_share = 0.5", "memory_share = 1.5", "memory_share"),
        (PHONE, "memory_share = 0.5", "memory_share = nan", "memory_share"),
        (PHONE, 'price = "999 USD"', 'prize = "999 USD"', "prize"),
    ],
)
def test_a_fault_is_refused_by_file_and_field(tmp_path, text, found, instead, field):
    assert found in text
    path = write(tmp_path, "faulty", text.replace(found, instead, 1))
    with pytest.raises(InputError) as caught:
        node(path)
    assert path in caught.value.where
    assert "\n" not in str(caught.value)
    if field is not None:
        assert (caught.value.field or "").startswith(field)


def test_an_unknown_name_offers_the_closest():
    with pytest.raises(UnknownNameError) as caught:
        node("dgx-h10")
    assert "dgx-h100" in caught.value.close
