"""Every exhibit runs, passes, and could fail."""

from dataclasses import replace

import pytest

from interlock.catalogue import DATA
from interlock.evidence import Evidence
from interlock.exhibits import exhibit, exhibit_ids, run, run_all, systems
from interlock.exhibits.base import Figure, above, below, exactly, holds, misprint, reproduction, within
from interlock.exhibits.facts import fact, source_of, table

IDS = exhibit_ids()
TRAINED = {
    "deja-vu",
    "low-bitwidth-cnn-training",
    "progressive-gradient-flow",
    "slope",
    "turbo-sparse",
}  # from the start


def could_fail(figure: Figure) -> bool:
    """Whether the comparison notices a reproduced value that is 10 % off, or a statement that is false."""
    if figure.comparison == "holds":
        return not replace(figure, reproduced=not figure.reproduced).passed
    return any(not replace(figure, reproduced=figure.reproduced * factor).passed for factor in (0.9, 1.1))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in TRAINED else name for name in IDS]
)
def test_every_exhibit_passes_has_a_source_and_could_fail(name: str) -> None:
    found, result = run(name)
    assert found.claim.text
    assert found.claim.source.ref
    assert isinstance(found.claim.source.kind, Evidence)
    failed = [figure for figure in result.figures if not figure.passed]
    assert not failed, failed
    assert result.passed
    assert any(could_fail(figure) for figure in result.figures)


def test_every_exhibit_belongs_to_a_system() -> None:
    assert set(IDS) <= {item.id for item in systems()}


def test_run_all_goes_in_order_and_reports_progress() -> None:
    seen: list[tuple[int, int, str]] = []
    found, result = next(run_all(lambda *progress: seen.append(progress)))
    assert found.id == IDS[0]
    assert result.passed
    assert seen == [(0, len(IDS), IDS[0])]


def test_a_system_without_an_exhibit_has_none() -> None:
    without = next(item.id for item in systems() if item.id not in IDS)
    assert exhibit(without) is None
    with pytest.raises(Exception, match="have an exhibit"):
        run(without)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (exactly("count", 3, 3), exactly("count", 3, 4)),
        (within("rate", 100, 109, 0.1), within("rate", 100, 111, 0.1)),
        (below("bound", 10, 10), below("bound", 10, 11)),
        (above("bound", 10, 10), above("bound", 10, 9)),
        (misprint("printed", 7.5, 6.5), misprint("printed", 6.5, 6.52)),
        (holds("statement", True), holds("statement", False)),
    ],
)
def test_comparisons_pass_and_fail(good: Figure, bad: Figure) -> None:
    assert good.passed
    assert not bad.passed
    assert reproduction(good).passed
    assert not reproduction(good, bad).passed


def test_not_a_number_never_passes() -> None:
    nan = float("nan")
    figures = (
        exactly("a", 1, nan),
        within("b", 1, nan, 0.5),
        below("c", 1, nan),
        above("d", 1, nan),
        misprint("e", 1, nan),
    )
    assert not any(figure.passed for figure in figures)


def test_nothing_shown_is_not_a_pass() -> None:
    assert not reproduction().passed


def test_every_fact_has_a_value_a_unit_and_a_source() -> None:
    for name in table("facts"):
        found = fact(name)
        assert found.what
        assert found.value > 0
        assert found.unit
        assert found.source.ref


def test_every_data_file_of_the_exhibits_names_its_sources() -> None:
    def sources(value: object) -> int:
        if isinstance(value, dict):
            own = value.get("source")
            here = bool(source_of(own).ref) if isinstance(own, dict) else 0
            return here + sum(sources(item) for key, item in value.items() if key != "source")
        return sum(sources(item) for item in value) if isinstance(value, list) else 0

    for path in sorted((DATA / "exhibits").glob("*.toml")):
        assert sources(table(path.stem)) > 0, path.name
