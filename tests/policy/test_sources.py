"""Every number in the data has a source of a known kind."""

import tomllib

import pytest

from interlock.catalogue import DATA
from interlock.evidence import Evidence
from interlock.hardware.chip import covering, numbers

FOLDERS = ("chips", "nodes", "workloads", "cost", "published", "training", "quality", "traces")
FILES = sorted(path for folder in FOLDERS for path in (DATA / folder).glob("*.toml"))


def test_there_is_data():
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_number_has_a_source(path):
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    sources = data["sources"]
    data.pop("sources")
    printed = data.pop("printed", [])  # what a document says, with its place beside it
    assert [leaf for leaf in numbers(data) if covering(sources, leaf) is None] == []
    for key, source in sources.items():
        assert set(source) <= {"kind", "ref", "note"}, key
        assert Evidence(source["kind"]), key
        assert source["ref"].strip(), key
    assert all(item["where"] for item in printed)
