"""Chips that a user writes: folders, what-ifs made with `like`, and refusals that name the file and the field."""

import os
from pathlib import Path

import pytest

from interlock.catalogue import DATA
from interlock.errors import InputError, UnknownNameError
from interlock.evidence import Evidence
from interlock.hardware import chip, names

H100 = (DATA / "chips" / "h100-sxm.toml").read_text(encoding="utf-8")


def write(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def refused(path: str) -> InputError:
    with pytest.raises(InputError) as caught:
        chip(path)
    return caught.value


def test_a_what_if_changes_one_number_and_says_so(tmp_path):
    path = write(tmp_path, "faster", 'like = "h100-sxm"\n[memories.main]\nbandwidth = "4.8TB/s"\n')
    faster, base = chip(path), chip("h100-sxm")
    assert faster.id == "faster"
    assert faster.main.bandwidth == 4.8e12
    assert faster.main.capacity == base.main.capacity
    assert faster.engines == base.engines
    assert faster.source_of("memories.main.bandwidth").kind is Evidence.ASSUMED
    assert faster.source_of("memories.main.capacity") == base.source_of("memories.main.capacity")
    assert faster.aliases == ()
    assert faster.printed == ()


def test_a_source_given_for_a_prefix_covers_the_changed_numbers_below_it(tmp_path):
    text = 'like = "h100-sxm"\n[memories.l1]\nbandwidth = "40 TB/s"\n[memories.l2]\nbandwidth = "6 TB/s"\n'
    text += '[sources]\n"memories.l1" = { kind = "measured here", ref = "a microbenchmark" }\n'
    changed = chip(write(tmp_path, "measured", text))
    assert changed.source_of("memories.l1.bandwidth").kind is Evidence.MEASURED_HERE
    assert changed.source_of("memories.l2.bandwidth").kind is Evidence.ASSUMED


def test_like_follows_a_chain_of_files(tmp_path):
    write(tmp_path, "one", 'like = "a100-80g"\ntdp = "300 W"\n')
    path = write(tmp_path, "two", 'like = "./one.toml"\n[memories.main]\ncapacity = "160 GiB"\n')
    two = chip(path)
    assert two.tdp == 300
    assert two.main.capacity == 160 * 2**30
    assert two.peak("bf16") == 312e12


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_ring_of_likes_is_refused(tmp_path, size):
    for i in range(size):
        write(tmp_path, f"ring{i}", f'like = "./ring{(i + 1) % size}.toml"\n')
    error = refused(str(tmp_path / "ring0.toml"))
    assert error.field == "like"
    assert "ring0" in error.found


def test_like_of_an_unknown_chip_offers_the_closest(tmp_path):
    path = write(tmp_path, "typo", 'like = "h100-smx"\n')
    error = refused(path)
    assert isinstance(error, UnknownNameError)
    assert "h100-sxm" in error.close
    assert path in str(error)


def test_like_must_be_a_name(tmp_path):
    assert refused(write(tmp_path, "number", "like = 100\n")).field == "like"


def test_a_users_folder_adds_and_replaces(tmp_path, monkeypatch):
    (tmp_path / "chips").mkdir()
    write(tmp_path / "chips", "paper-chip", 'like = "h100-sxm"\naliases = ["my-chip"]\ntdp = "500 W"\n')
    write(tmp_path / "chips", "l4", 'like = "h100-sxm"\ntdp = "60 W"\n')
    monkeypatch.setenv("INTERLOCK_PATH", str(tmp_path))
    assert {"paper-chip", "h100-sxm"} <= set(names())
    assert chip("paper-chip").tdp == 500
    assert chip("My Chip").id == "paper-chip"
    assert chip("l4").tdp == 60
    monkeypatch.delenv("INTERLOCK_PATH")
    assert "paper-chip" not in names()
    assert chip("l4").tdp == 72


def test_an_edited_file_is_read_again(tmp_path):
    path = Path(write(tmp_path, "edited", 'like = "h100-sxm"\ntdp = "500 W"\n'))
    assert chip(str(path)).tdp == 500
    path.write_text('like = "h100-sxm"\ntdp = "50 W"\n', encoding="utf-8")
    stamp = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(stamp, stamp))
    assert chip(str(path)).tdp == 50


BANDWIDTH = 'bandwidth = "3.35 TB/s"'


@pytest.mark.parametrize(
    ("found", "instead", "field"),
    [
        (BANDWIDTH, 'bandwidth = "0 TB/s"', "memories.main.bandwidth"),
        (BANDWIDTH, 'bandwidth = "-3.35 TB/s"', "memories.main.bandwidth"),
        (BANDWIDTH, 'bandwidth = "nan TB/s"', "memories.main.bandwidth"),
        (BANDWIDTH, "bandwidth = nan", "memories.main.bandwidth"),
        (BANDWIDTH, "bandwidth = inf", "memories.main.bandwidth"),
        (BANDWIDTH, 'bandwidth = "1e999 TB/s"', "memories.main.bandwidth"),
        (BANDWIDTH, 'bandwidth = "3.35 TB"', "memories.main.bandwidth"),
        (BANDWIDTH, "bandwidth = 3.35", "memories.main.bandwidth"),
        (BANDWIDTH, "bandwidth = true", "memories.main.bandwidth"),
        (BANDWIDTH, 'bandwith = "3.35 TB/s"', "memories.main.bandwith"),
        ('capacity = "80 GiB"', 'capacity = "80 GHz"', "memories.main.capacity"),
        ('clock = "1.83 GHz"', 'clock = "1.83 GB"', "engines.matrix.clock"),
        ('tdp = "700 W"', 'tdp = "0 W"', "tdp"),
        ('tdp = "700 W"', 'power = "700 W"', "power"),
        ("cores = 132", "cores = 0", "engines.matrix.cores"),
        ("sparsity_factor = 2", "sparsity_factor = 0.5", "engines.matrix.sparsity_factor"),
        ('topology = "switch"', 'topology = "star"', "links.scale_up.topology"),
        ('category = "datacenter-gpu"', 'category = "gpu"', "category"),
        ("matrix = 0.803", "matrix = 1.2", "achieved.matrix"),
        ('fp64 = "66.9 TFLOP/s"', 'fp63 = "66.9 TFLOP/s"', "engines.matrix.peaks.fp63"),
        ('kind = "recalled", ref = "NVIDIA H100 announcement"', 'kind = "heard", ref = "x"', "sources.year.kind"),
    ],
)
def test_a_fault_is_refused_by_file_and_field(tmp_path, found, instead, field):
    assert found in H100
    path = write(tmp_path, "faulty", H100.replace(found, instead, 1))
    error = refused(path)
    assert error.where == path
    assert error.field is not None
    assert error.field.startswith(field)
    assert error.accepted
    assert "\n" not in str(error)


@pytest.mark.parametrize("text", ["", "name = ", "= 3", "\x00", 'name = "x"\n'])
def test_what_is_not_a_chip_is_refused(tmp_path, text):
    path = write(tmp_path, "broken", text)
    assert refused(path).where == path


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "no such file" in refused(str(tmp_path / "absent.toml")).found
    assert "folder" in refused(f"{tmp_path}/").found


def test_an_unknown_name_offers_the_closest():
    with pytest.raises(UnknownNameError) as caught:
        chip("h100-sxn")
    assert "h100-sxm" in caught.value.close
